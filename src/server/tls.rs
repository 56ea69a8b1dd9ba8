//! TLS of the server: the certificate and its key, read again when their files change.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use thiserror::Error;

use crate::config;
use crate::server::clients;
use crate::transport;

/// How often files are looked at, at most.
const PAUSE: Duration = Duration::from_secs(1);

/// Why TLS cannot be spoken.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One of the two settings is missing.
    #[error("tls.{0} is not set: certificate and key are set both, or neither for plain HTTP")]
    Missing(&'static str),
    /// A file cannot be used.
    #[error("tls.{setting} {path}: {why}")]
    File {
        /// `certificate`, `key` or `client_authorities`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The two do not belong together.
    #[error("tls.key {key} is not the key of the first certificate in tls.certificate {certificate}: {why}")]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        why: rustls::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// How this server speaks TLS 1.2 and 1.3; `None` where the settings name no certificate.
pub(super) fn settled(settings: &config::Tls) -> Result<Option<ServerConfig>, TlsError> {
    let (certificate, key) = (&settings.certificate, &settings.key);
    match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
        (true, true) => return Ok(None),
        (true, false) => return Err(TlsError::Missing("certificate")),
        (false, true) => return Err(TlsError::Missing("key")),
        (false, false) => {}
    }
    let provider = transport::use_ring();
    let watched = Watched::new(certificate, &transport::secret_place(key), Arc::clone(&provider))?;
    let clients = clients::verifier(&settings.client_authorities, &provider)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let config = match clients {
        Some(clients) => config.with_client_cert_verifier(clients),
        None => config.with_no_client_auth(),
    };
    Ok(Some(config.with_cert_resolver(Arc::new(watched))))
}

/// A certificate whose files are looked at again as connections come in. While they cannot be used, as between the writing
/// of the one and the other, the last good pair is shown.
struct Watched {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

struct Current {
    pair: Arc<CertifiedKey>,
    stamp: Stamp,
    looked: Instant,
}

/// When a file was written and how long it is, of both files; `None` where that cannot be told.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Watched {
    fn new(certificate: &Path, key: &Path, provider: Arc<CryptoProvider>) -> Result<Watched, TlsError> {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        // Before they are read: what is written meanwhile is then read again.
        let stamp = [stamp(&certificate), stamp(&key)];
        let pair = Arc::new(pair(&certificate, &key, &provider)?);
        let current = Mutex::new(Current { pair, stamp, looked: Instant::now() });
        Ok(Watched { certificate, key, provider, current })
    }

    fn at(&self, now: Instant) -> Arc<CertifiedKey> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(current.looked) < PAUSE {
            return Arc::clone(&current.pair);
        }
        current.looked = now;
        let stamp = [stamp(&self.certificate), stamp(&self.key)];
        if stamp != current.stamp {
            current.stamp = stamp;
            match pair(&self.certificate, &self.key, &self.provider) {
                Ok(pair) => {
                    tracing::info!(file = %self.certificate.display(), "the certificate was read again");
                    current.pair = Arc::new(pair);
                }
                Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
            }
        }
        Arc::clone(&current.pair)
    }
}

impl ResolvesServerCert for Watched {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(Instant::now()))
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watched").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn pair(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| unusable("certificate", certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable("certificate", certificate, &pem::Error::NoItemsFound));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key", key, &error))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|why| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why,
    })
}

fn unusable(setting: &'static str, path: &Path, error: &pem::Error) -> TlsError {
    let why = match error {
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            "there is no such file".to_owned()
        }
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("there is no {setting} in PEM form in it"),
        error => format!("it is not in PEM form: {error}"),
    };
    TlsError::File { setting, path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files {
        folder: tempfile::TempDir,
    }

    impl Files {
        fn new() -> Files {
            Files { folder: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// Writes a new certificate and its key; gives the certificate.
        fn write(&self) -> Vec<u8> {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            fs::write(self.path("certificate"), made.cert.pem()).unwrap();
            fs::write(self.path("key"), made.signing_key.serialize_pem()).unwrap();
            made.cert.der().to_vec()
        }

        fn settled(&self, certificate: &str, key: &str) -> Result<Option<ServerConfig>, TlsError> {
            let path = |name: &str| if name.is_empty() { PathBuf::new() } else { self.path(name) };
            let (certificate, key) = (path(certificate), path(key));
            settled(&config::Tls { certificate, key, ..config::Tls::default() })
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let files = Files::new();
        files.write();
        fs::rename(files.path("certificate"), files.path("other")).unwrap();
        files.write();
        fs::write(files.path("empty"), "").unwrap();
        fs::write(files.path("cut"), "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
        assert!(files.settled("", "").unwrap().is_none());
        assert!(files.settled("certificate", "key").unwrap().is_some());
        for (certificate, key, words) in [
            ("certificate", "", "tls.key is not set"),
            ("", "key", "tls.certificate is not set"),
            ("none", "key", "none: there is no such file"),
            ("empty", "key", "empty: there is no certificate"),
            ("cut", "key", "cut: it is not in PEM form"),
            ("certificate", "none", "none: there is no such file"),
            ("certificate", "certificate", "certificate: there is no key"),
            ("other", "key", "is not the key of the first certificate"),
        ] {
            let said = files.settled(certificate, key).unwrap_err().to_string();
            assert!(said.contains(words), "{certificate} {key}: {said}");
        }
    }

    #[test]
    fn a_changed_certificate_is_shown_and_a_broken_one_never() {
        let files = Files::new();
        let first = files.write();
        let (certificate, key) = (files.path("certificate"), files.path("key"));
        let watched = Watched::new(&certificate, &key, transport::use_ring()).unwrap();
        let began = Instant::now();
        let shown = |seconds| watched.at(began + Duration::from_secs(seconds)).cert[0].to_vec();
        assert_eq!(shown(2), first);
        fs::write(&certificate, "broken").unwrap();
        assert_eq!(shown(4), first);
        fs::remove_file(&certificate).unwrap();
        assert_eq!(shown(6), first);
        let second = files.write();
        assert_eq!(shown(6), first);
        assert_eq!(shown(8), second);
        assert_eq!(shown(10), second);
    }
}
