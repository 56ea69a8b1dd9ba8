//! Signed notes (C2SP signed-note): a checkpoint with an Ed25519 signature, and the keys for it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use ring::signature::UnparsedPublicKey;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use sha2::Digest;
use sha2::Sha256;
use thiserror::Error;
use tlog_tiles::Checkpoint;
use tlog_tiles::Hash;

/// The kind of key that Ed25519 has in the specification.
const ED25519_KIND: u8 = 1;

/// What a private key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// What a line with a signature begins with.
const SIGNED: &str = "\u{2014} ";

/// Longest note that is read, in bytes.
const MOST_BYTES: usize = 65_536;

/// Why a key or a note cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// The text is no public key.
    #[error(
        "it is no public key: one looks like `name+01234567+AbC…=`, on one line, as `epcgate audit key` prints it"
    )]
    PublicKey,
    /// The text is no private key.
    #[error("it is no private key: one looks like `PRIVATE+KEY+name+01234567+AbC…=`, on one line")]
    PrivateKey,
    /// A key's name has a space, a plus sign or a line end, or none at all.
    #[error("a key's name must not be empty and has no spaces and no plus sign")]
    Name,
    /// The text is no signed checkpoint.
    #[error("it is no signed checkpoint: {0}")]
    Note(&'static str),
}

/// A public key, as it is given away: `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl PublicKey {
    fn new(name: &str, key: [u8; 32]) -> Result<PublicKey, NoteError> {
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+') {
            return Err(NoteError::Name);
        }
        let digest =
            Sha256::new().chain_update(name).chain_update([b'\n', ED25519_KIND]).chain_update(key).finalize();
        let id = [digest[0], digest[1], digest[2], digest[3]];
        Ok(PublicKey { name: name.to_owned(), id, key })
    }

    /// Reads a key; fails where the id is not that of name and key.
    pub fn parse(text: &str) -> Result<PublicKey, NoteError> {
        let (name, id, key) = split(text.trim()).ok_or(NoteError::PublicKey)?;
        let key = PublicKey::new(name, key)?;
        if key.id() == id { Ok(key) } else { Err(NoteError::PublicKey) }
    }

    /// The name that stands before the id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Eight hexadecimal digits that notes name the key by.
    pub fn id(&self) -> String {
        self.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}+{}+{}", self.name, self.id(), encoded(&self.key))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// The key that checkpoints are signed with.
pub struct Signer {
    public: PublicKey,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The key of this name from 32 random bytes.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Signer, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::PrivateKey)?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| NoteError::PrivateKey)?;
        Ok(Signer { public: PublicKey::new(name, key)?, pair })
    }

    /// Reads a private key as `private_text` writes it.
    pub fn parse(text: &SecretString) -> Result<Signer, NoteError> {
        let text = text.expose_secret().trim().strip_prefix(PRIVATE).ok_or(NoteError::PrivateKey)?;
        let (name, id, seed) = split(text).ok_or(NoteError::PrivateKey)?;
        let signer = Signer::new(name, &seed)?;
        if signer.public.id() == id { Ok(signer) } else { Err(NoteError::PrivateKey) }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs that the log has this many rows under this root; the log is named as the key is.
    pub fn checkpoint(&self, size: u64, root: Hash) -> String {
        let text = format!("{}\n{size}\n{root}\n", self.public.name);
        let mut signature = self.public.id.to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n{SIGNED}{} {}\n", self.public.name, STANDARD.encode(signature))
    }
}

/// The text of a private key from 32 random bytes, as the file of a key has it.
pub fn private_text(name: &str, seed: &[u8; 32]) -> Result<SecretString, NoteError> {
    let signer = Signer::new(name, seed)?;
    Ok(format!("{PRIVATE}{name}+{}+{}\n", signer.public.id(), encoded(seed)).into())
}

/// A checkpoint with its signatures.
#[derive(Debug)]
pub struct Note {
    checkpoint: Checkpoint,
    text: String,
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

impl Note {
    /// Reads a note; no signature is looked at yet.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > MOST_BYTES {
            return Err(NoteError::Note("it is too long"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Note("it is no UTF-8"))?;
        let (text, lines) =
            whole.rsplit_once("\n\n").ok_or(NoteError::Note("no empty line stands before the signatures"))?;
        let text = format!("{text}\n");
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Note("it ends within a line"))?;
        let signatures = lines.split('\n').map(signature).collect::<Option<_>>();
        let signatures = signatures.ok_or(NoteError::Note("a signature is malformed"))?;
        let checkpoint = Checkpoint::from_bytes(text.as_bytes())
            .map_err(|_| NoteError::Note("it does not have an origin, a size and a root on a line each"))?;
        Ok(Note { checkpoint, text, signatures })
    }

    /// How many rows it vouches for.
    pub fn size(&self) -> u64 {
        self.checkpoint.size()
    }

    /// The root of the tree over them.
    pub fn root(&self) -> Hash {
        *self.checkpoint.hash()
    }

    /// True where one of these keys signed it, under the key's own name.
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        let signed = |key: &PublicKey| {
            let public = UnparsedPublicKey::new(&ED25519, key.key);
            self.signatures.iter().any(|(name, id, signature)| {
                *name == key.name && *id == key.id && public.verify(self.text.as_bytes(), signature).is_ok()
            })
        };
        keys.iter().any(|key| self.checkpoint.origin() == key.name && signed(key))
    }

    /// The keys that are said to have signed it, as name and id.
    pub fn signers(&self) -> String {
        let named = |(name, id, _): &(String, [u8; 4], Vec<u8>)| {
            format!("{name}+{}", id.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        };
        self.signatures.iter().map(named).collect::<Vec<_>>().join(", ")
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix(SIGNED)?.split_once(' ')?;
    let bytes = STANDARD.decode(signature).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (!name.is_empty() && !signature.is_empty()).then(|| (name.to_owned(), *id, signature.to_vec()))
}

/// Name, id and key of the text of a key; the key alone may have plus signs.
fn split(text: &str) -> Option<(&str, &str, [u8; 32])> {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = STANDARD.decode(key).ok()?;
    let (kind, key) = bytes.split_first()?;
    (*kind == ED25519_KIND).then_some(())?;
    Some((name, id, key.try_into().ok()?))
}

fn encoded(key: &[u8; 32]) -> String {
    let mut bytes = vec![ED25519_KIND];
    bytes.extend_from_slice(key);
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use tlog_tiles::record_hash;

    use super::*;

    /// The example of Go's `golang.org/x/mod/sumdb/note`, whose form this is.
    #[test]
    fn keys_are_those_of_the_published_example() {
        let private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz".into();
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let signer = Signer::parse(&private).unwrap();
        assert_eq!(signer.public().to_string(), public);
        assert_eq!(PublicKey::parse(public).unwrap(), *signer.public());
        for bad in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            assert_eq!(PublicKey::parse(bad), Err(NoteError::PublicKey), "{bad}");
        }
    }

    #[test]
    fn a_note_is_read_back_and_any_changed_byte_is_noticed() {
        let signer = Signer::new("log.example", &[7; 32]).unwrap();
        let keys = [signer.public().clone()];
        let note = signer.checkpoint(17, record_hash(b"x"));
        let read = Note::parse(note.as_bytes()).unwrap();
        assert_eq!((read.size(), read.root()), (17, record_hash(b"x")));
        assert!(read.is_signed_by(&keys));
        let again = private_text("log.example", &[7; 32]).unwrap();
        assert_eq!(Signer::parse(&again).unwrap().public(), signer.public());
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let still = Note::parse(&bytes).is_ok_and(|note| note.is_signed_by(&keys));
                assert!(!still, "byte {at}, bit {bit}");
            }
        }
        let other = Signer::new("log.example", &[8; 32]).unwrap();
        assert!(!read.is_signed_by(&[other.public().clone()]));
    }
}
