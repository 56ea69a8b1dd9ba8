//! A local authority: its certificate and key, and certificates of servers, for sites that no public authority vouches for.

use std::fs;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Datelike;
use chrono::Days;
use chrono::Utc;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use thiserror::Error;

use crate::access::Fingerprint;

/// Days that an authority is good for.
const AUTHORITY_DAYS: u64 = 3_650;

/// Days that a server's certificate is good for: browsers take no longer ones than 398.
const SERVER_DAYS: u64 = 397;

/// How far clocks of devices may be behind.
const EARLIER_DAYS: u64 = 1;

/// Why no certificate was made.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        why: io::Error,
    },
    /// A key or a name cannot be used.
    #[error("{what}: {why}")]
    Unusable {
        /// The file, or what was asked for.
        what: String,
        /// What is wrong with it.
        why: rcgen::Error,
    },
}

/// The files that were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Certificate of the authority, which devices install.
    pub authority: PathBuf,
    /// Its fingerprint, by which who installs it can tell that it is the right one.
    pub fingerprint: Fingerprint,
    /// True where the authority was there before and only the server's certificate is new.
    pub kept: bool,
    /// Certificate of the server, and that of the authority behind it.
    pub certificate: PathBuf,
    /// Key of the server.
    pub key: PathBuf,
}

/// Makes a certificate for a server of these names and addresses, by the authority in this folder, which is made where there
/// is none. Keys are for their owner alone.
pub fn make(folder: &Path, names: &[String], now: DateTime<Utc>) -> Result<Made, AuthorityError> {
    fs::create_dir_all(folder).map_err(|why| AuthorityError::File { path: folder.to_owned(), why })?;
    let (authority, secret) = (folder.join("authority.pem"), folder.join("authority.key"));
    let kept = authority.exists() && secret.exists();
    if !kept {
        let key = generated()?;
        let params = of_authority(&key, now);
        let certificate = params.self_signed(&key).map_err(|why| unusable("the authority", why))?;
        write_secret(&secret, &key.serialize_pem())?;
        write(&authority, &certificate.pem())?;
    }
    let text = read(&secret)?;
    let key = KeyPair::from_pem(&text).map_err(|why| unusable(&secret.display().to_string(), why))?;
    let issuer = Issuer::new(of_authority(&key, now), key);
    let own = generated()?;
    let made = of_server(names, now).and_then(|params| params.signed_by(&own, &issuer));
    let made = made.map_err(|why| unusable(&names.join(", "), why))?;
    let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
    let root = read(&authority)?;
    write_secret(&key, &own.serialize_pem())?;
    write(&certificate, &(made.pem() + &root))?;
    let fingerprint = fingerprint(&root).ok_or_else(|| AuthorityError::File {
        path: authority.clone(),
        why: io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in PEM form in it"),
    })?;
    Ok(Made { authority, fingerprint, kept, certificate, key })
}

/// The fingerprint of the first certificate of a PEM text.
pub fn fingerprint(pem: &str) -> Option<Fingerprint> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    Some(Fingerprint::of(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?))
}

fn generated() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate().map_err(|why| unusable("a key", why))
}

fn unusable(what: &str, why: rcgen::Error) -> AuthorityError {
    AuthorityError::Unusable { what: what.to_owned(), why }
}

/// Named for its key, so that the same key is the same authority, and another is told from it in a list.
fn of_authority(key: &KeyPair, now: DateTime<Utc>) -> CertificateParams {
    let mut params = valid(now, AUTHORITY_DAYS);
    let mark: String = Fingerprint::of(key.public_key_raw()).to_string().chars().take(8).collect();
    params.distinguished_name.push(DnType::CommonName, format!("epcgate local authority {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn of_server(names: &[String], now: DateTime<Utc>) -> Result<CertificateParams, rcgen::Error> {
    let named = CertificateParams::new(names)?;
    let mut params = valid(now, SERVER_DAYS);
    params.subject_alt_names = named.subject_alt_names;
    if let Some(first) = names.first() {
        params.distinguished_name.push(DnType::CommonName, first.as_str());
    }
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn valid(now: DateTime<Utc>, days: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let day =
        |date: chrono::NaiveDate| rcgen::date_time_ymd(date.year(), date.month() as u8, date.day() as u8);
    let today = now.date_naive();
    params.not_before = day(today.checked_sub_days(Days::new(EARLIER_DAYS)).unwrap_or(today));
    params.not_after = day(today.checked_add_days(Days::new(days)).unwrap_or(today));
    params
}

fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(|why| AuthorityError::File { path: path.to_owned(), why })
}

fn write(path: &Path, text: &str) -> Result<(), AuthorityError> {
    fs::write(path, text).map_err(|why| AuthorityError::File { path: path.to_owned(), why })
}

/// Writes beside, for the owner alone from the first byte on, and puts it in the place of what was there.
fn write_secret(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let beside = path.with_extension("key.new");
    let written = || {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|why| AuthorityError::File { path: path.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_authority_stays_and_its_servers_are_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["gate.example".to_owned(), "10.0.0.7".to_owned()];
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let first = make(folder.path(), &names, now).unwrap();
        let before = fs::read_to_string(&first.certificate).unwrap();
        assert!(!first.kept && before.matches("BEGIN CERTIFICATE").count() == 2);
        for name in ["authority.key", "server.key"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let again = make(folder.path(), &names, now).unwrap();
        assert!(again.kept && again.fingerprint == first.fingerprint);
        assert_ne!(fs::read_to_string(&again.certificate).unwrap(), before);
        assert!(make(folder.path(), &["\u{e9}".to_owned()], now).is_err());
        fs::write(folder.path().join("authority.key"), "broken").unwrap();
        assert!(make(folder.path(), &names, now).unwrap_err().to_string().contains("authority.key"));
    }
}
