//! Secrets of channels: each a file of one folder, named by the channel and never in it.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use secrecy::SecretString;
use thiserror::Error;

use crate::transport::FileName;
use crate::transport::secret_place;

/// Bytes of a secret: a private key of 16 kbit fits.
const MOST: u64 = 65_536;

/// Bits of a mode that let others read a file, or its group write it. Its group may read: so systemd shows its credentials.
const TOO_OPEN: u32 = 0o027;

/// Where secrets are read from.
#[derive(Clone, Debug)]
pub struct Secrets(PathBuf);

/// Why a secret cannot be used. Says nothing of what is in it.
#[derive(Debug, Error)]
pub enum ChannelSecretError {
    /// The name is not that of a file of the folder.
    #[error("{0:?} is no name of a secret: it must be the name of a file in the folder outbound.secrets")]
    Name(String),
    /// The file cannot be read.
    #[error("the secret {0} cannot be read: {1}")]
    Unreadable(PathBuf, io::Error),
    /// Others of the machine may read it.
    #[error(
        "the secret {0} can be read by others (mode {1:o}); make it readable by its owner alone: chmod 600"
    )]
    Open(PathBuf, u32),
    /// It is empty, too long, or no text.
    #[error("the secret {0} must be a text of 1 to {MOST} bytes")]
    Content(PathBuf),
}

impl Secrets {
    /// Secrets that are files of this folder; with an empty path, where [`secret_place`] finds them.
    pub fn new(folder: &Path) -> Secrets {
        Secrets(folder.to_owned())
    }

    /// The text of a secret without the line ends after it.
    pub fn read(&self, name: &str) -> Result<SecretString, ChannelSecretError> {
        let name = FileName::parse(name).map_err(|_| ChannelSecretError::Name(name.to_owned()))?;
        let path = match self.0.as_os_str().is_empty() {
            true => secret_place(Path::new(name.as_str())),
            false => self.0.join(name.as_str()),
        };
        let unreadable = |error| ChannelSecretError::Unreadable(path.clone(), error);
        let file = File::open(&path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & TOO_OPEN != 0 {
            return Err(ChannelSecretError::Open(path, mode));
        }
        let mut text = String::new();
        if !metadata.is_file()
            || file.take(MOST + 1).read_to_string(&mut text).is_err()
            || text.len() as u64 > MOST
        {
            return Err(ChannelSecretError::Content(path));
        }
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(ChannelSecretError::Content(path));
        }
        Ok(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::Permissions;

    use secrecy::ExposeSecret;

    use super::*;

    fn check(text: &[u8], mode: u32, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let read = Secrets::new(folder.path()).read("acme");
        match expected {
            Ok(expected) => assert_eq!(read.unwrap().expose_secret(), expected),
            Err(expected) => {
                let said = read.unwrap_err().to_string();
                assert!(said.contains(expected) && !said.contains("hunter2"), "{said}");
            }
        }
    }

    #[test]
    fn a_secret_is_a_file_of_its_owner() {
        check(b"hunter2\n", 0o600, Ok("hunter2"));
        check(b" hunter2\r\n\r\n", 0o440, Ok(" hunter2"));
        check(b"hunter2", 0o604, Err("chmod 600"));
        check(b"hunter2", 0o620, Err("chmod 600"));
        check(b"\n", 0o600, Err("1 to"));
        check(b"hunter2\xff", 0o600, Err("text"));
        check(&vec![b'a'; 70_000], 0o600, Err("1 to"));
    }

    #[test]
    fn a_secret_is_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(folder.path());
        for name in ["../passwd", "/etc/passwd", "", ".."] {
            assert!(matches!(secrets.read(name), Err(ChannelSecretError::Name(_))), "{name}");
        }
        assert!(matches!(secrets.read("missing"), Err(ChannelSecretError::Unreadable(..))));
        let nowhere = Secrets::new(Path::new("")).read("acme-that-is-nowhere");
        assert!(matches!(nowhere, Err(ChannelSecretError::Unreadable(..))));
    }
}
