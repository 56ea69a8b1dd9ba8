//! Secrets from files: read when needed, never shown.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use secrecy::SecretString;
use thiserror::Error;

/// Bytes that a secret may have.
const MOST: u64 = 65_536;

/// Where systemd puts what `LoadCredential=` gives.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// What systemd puts in front of the names of files of a folder, as our unit loads it.
const LOADED: &str = "epcgate_";

/// Why there is no secret; names the file, never what stands in it.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// What stands in it is no secret in one line.
    #[error("{}: {why}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Where the package has a folder for secrets, from which systemd loads them.
const MACHINE: &str = "/etc/epcgate/secrets";

/// Reads the one line of a file, without the white space around it; at most 64 KiB, and never empty.
///
/// The file is looked for as [`secret_place`] says.
pub fn secret(file: &Path) -> Result<SecretString, SecretError> {
    let path = secret_place(file);
    let unreadable = |why| SecretError::Unreadable { path: path.clone(), why };
    let mut text = String::new();
    File::open(&path)
        .map_err(unreadable)?
        .take(MOST + 1)
        .read_to_string(&mut text)
        .map_err(|why| SecretError::Unreadable { path: path.clone(), why })?;
    let unfit = |why| SecretError::Unfit { path: path.clone(), why };
    let line = text.trim();
    if text.len() as u64 > MOST {
        return Err(unfit("it is longer than 64 KiB, which no secret is"));
    }
    if line.is_empty() {
        return Err(unfit("it is empty; it must hold the secret in one line"));
    }
    if line.contains(char::is_control) {
        return Err(unfit("it has several lines; it must hold the secret in one"));
    }
    Ok(SecretString::from(line))
}

/// Where a file with a secret is: a name without a folder is looked for among the credentials that systemd gives
/// (`LoadCredential=`) first, then where it loads them from, then in the working folder, as every other relative path.
pub fn secret_place(file: &Path) -> PathBuf {
    placed(file, std::env::var_os(CREDENTIALS).map(PathBuf::from))
}

fn placed(file: &Path, credentials: Option<PathBuf>) -> PathBuf {
    let bare = file.file_name().is_some_and(|name| Path::new(name) == file);
    let loaded = format!("{LOADED}{}", file.display());
    let given = credentials.iter().flat_map(|folder| [folder.join(file), folder.join(&loaded)]);
    let mut known = given.chain([Path::new(MACHINE).join(file)]);
    known.find(|path| bare && path.exists()).unwrap_or_else(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;

    fn check(content: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();
        match (secret(&path), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.expose_secret(), expected),
            (Err(error), Err(word)) => {
                let said = error.to_string();
                assert!(said.contains(word) && said.contains("password"), "{said}");
            }
            (found, _) => panic!("{content:?}: {found:?}"),
        }
    }

    #[test]
    fn a_secret_is_one_line() {
        check("hunter2\n", Ok("hunter2"));
        check("two words\r\n", Ok("two words"));
        check(" \n", Err("empty"));
        check("a\nb", Err("several lines"));
        check(&"x".repeat(70_000), Err("longer"));
        assert!(secret(Path::new("none/here")).unwrap_err().to_string().contains("none/here"));
    }

    #[test]
    fn credentials_of_systemd_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = || Some(folder.path().to_owned());
        fs::write(folder.path().join("mail"), "x").unwrap();
        assert_eq!(placed(Path::new("mail"), credentials()), folder.path().join("mail"));
        fs::write(folder.path().join("epcgate_tls.key"), "x").unwrap();
        assert_eq!(placed(Path::new("tls.key"), credentials()), folder.path().join("epcgate_tls.key"));
        assert_eq!(placed(Path::new("other"), credentials()), Path::new("other"));
        assert_eq!(placed(Path::new("keys/mail"), credentials()), Path::new("keys/mail"));
        assert_eq!(placed(Path::new("mail"), None), Path::new("mail"));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", SecretString::from("hunter2")).contains("hunter2"));
    }
}
