//! The key of the log: made when it is first needed, in a file that only its owner reads.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::access::Caller;
use crate::audit::AuditError;
use crate::audit::Log;
use crate::audit::Settings;
use crate::audit::note::PublicKey;
use crate::audit::note::Signer;
use crate::audit::note::private_text;
use crate::dscsa::AuditEntry;
use crate::store::Store;

/// The key of the settings; made where there is none, from these random bytes.
pub fn signer(settings: &Settings, random: &[u8; 32]) -> Result<Signer, AuditError> {
    let path = &settings.key_file;
    match fs::read_to_string(path) {
        Ok(text) => read(path, text),
        Err(error) if error.kind() == ErrorKind::NotFound => make(settings, random),
        Err(error) => Err(AuditError::file(path)(error)),
    }
}

/// Changes to a new key: the old file is kept beside under the moment's name, the act is written down, and a checkpoint of the
/// whole trail is signed with the new one.
pub fn replace_key(
    store: &Store,
    caller: &Caller,
    settings: &Settings,
    (why, random, now): (&str, &[u8; 32], DateTime<Utc>),
) -> Result<Log, AuditError> {
    let path = &settings.key_file;
    let known = store.newest_audit_checkpoint()?.map(|checkpoint| checkpoint.signer);
    let mut old = path.clone().into_os_string();
    old.push(format!(".until-{}", now.format("%Y%m%dT%H%M%SZ")));
    let theirs = fs::read_to_string(path).ok().and_then(|text| Signer::parse(&text.into()).ok());
    let is_in_use = theirs.is_some_and(|own| Some(own.public().to_string()) == known);
    if is_in_use {
        fs::rename(path, PathBuf::from(old)).map_err(AuditError::file(path))?;
    }
    // The log keeps its name.
    let name = known.as_deref().and_then(|known| PublicKey::parse(known).ok());
    let named = match (settings.name.as_str(), name) {
        ("", Some(known)) => Settings { name: known.name().to_owned(), ..settings.clone() },
        _ => settings.clone(),
    };
    let signer = signer(&named, random)?;
    let entry = AuditEntry::done(now, caller.actor(), "audit.key-replaced", signer.public().name())
        .because(why)
        .before(json!({ "key": known }))
        .after(json!({ "key": signer.public().to_string() }));
    store.audit(&[entry])?;
    let log = Log::with(store, signer, path);
    log.sign_as_new(now)?;
    Ok(log)
}

fn read(path: &Path, text: String) -> Result<Signer, AuditError> {
    let text = SecretString::from(text);
    Signer::parse(&text).map_err(|error| AuditError::Key { path: path.to_owned(), error })
}

fn make(settings: &Settings, random: &[u8; 32]) -> Result<Signer, AuditError> {
    let path = &settings.key_file;
    let name = match settings.name.as_str() {
        "" => {
            // A digest, as the bytes themselves are the secret.
            let digest = Sha256::new().chain_update("epcgate audit log").chain_update(random).finalize();
            let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            format!("epcgate-audit/{digits}")
        }
        name => name.to_owned(),
    };
    let text = private_text(&name, random).map_err(AuditError::NoKey)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(AuditError::file(folder))?;
    }
    match write(path, &text) {
        Ok(()) => Signer::parse(&text).map_err(AuditError::NoKey),
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path, fs::read_to_string(path).map_err(AuditError::file(path))?)
        }
        Err(error) => Err(AuditError::file(path)(error)),
    }
}

/// Writes the whole file under another name first, so that nobody ever reads half a key.
fn write(path: &Path, text: &SecretString) -> io::Result<()> {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let draft = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}
