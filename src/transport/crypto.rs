//! The one implementation of cryptography that TLS uses.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;

/// Makes ring what every TLS connection of this process uses; whoever comes later changes nothing.
pub fn use_ring() -> Arc<CryptoProvider> {
    if let Some(provider) = CryptoProvider::get_default() {
        return Arc::clone(provider);
    }
    // Fails where another thread was faster, which is as well.
    let _ = ring::default_provider().install_default();
    Arc::new(ring::default_provider())
}

/// Random bytes fit for secrets; `None` where the system gives none.
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    use_ring().secure_random.fill(&mut bytes).ok()?;
    Some(bytes)
}
