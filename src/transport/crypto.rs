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
