//! A message of a partner, opened layer by layer: decrypted, unpacked, verified (RFC 4130; RFC 5402).

use chrono::DateTime;
use chrono::Utc;

use crate::transport::as2::Cipher;
use crate::transport::as2::Digest;
use crate::transport::as2::Fields;
use crate::transport::as2::Identity;
use crate::transport::as2::Mic;
use crate::transport::as2::OwnSettings;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::Trouble;
use crate::transport::as2::compressed;
use crate::transport::as2::compressed::COMPRESSED_DATA;
use crate::transport::as2::compressed::Unpacked;
use crate::transport::as2::enveloped;
use crate::transport::as2::enveloped::AUTH_ENVELOPED_DATA;
use crate::transport::as2::enveloped::ENVELOPED_DATA;
use crate::transport::as2::mime::BadMime;
use crate::transport::as2::mime::Entity;
use crate::transport::as2::signed;
use crate::transport::as2::signed::Verified;

/// By what a message is opened.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the document.
    pub content_bytes: u64,
    /// How many times its size a message may unfold to.
    pub expansion: u64,
}

/// What was in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The document.
    pub content: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// The name that the sender gave it.
    pub file_name: Option<String>,
    /// The integrity check for the receipt.
    pub mic: Mic,
    /// How it was encrypted.
    pub cipher: Option<Cipher>,
    /// SHA-256 of the certificate that signed it, in hexadecimal.
    pub signer: Option<String>,
    /// Whether it was compressed.
    pub compressed: bool,
}

impl From<&OwnSettings> for Limits {
    fn from(own: &OwnSettings) -> Limits {
        Limits { content_bytes: own.content_bytes, expansion: own.expansion }
    }
}

/// What was found on the way in.
#[derive(Default)]
struct Layers {
    cipher: Option<Cipher>,
    compressed: bool,
    verified: Option<Verified>,
}

/// Opens a message of the partner of a channel. `unsigned` is the digest of the integrity check where it is not signed.
pub fn open(
    message: (&Fields, Vec<u8>),
    settings: &Settings,
    identities: &[Identity],
    limits: Limits,
    asked: (Option<Digest>, DateTime<Utc>),
) -> Result<Opened, Refusal> {
    let (unsigned, now) = asked;
    let mut layers = Layers::default();
    let mut entity = Entity::of(message.0.clone(), message.1);
    loop {
        let content_type = entity.header.content_type();
        if content_type.is_cms() {
            entity = cms(entity, &mut layers, settings, identities, limits)?;
        } else if content_type.essence == "multipart/signed" && layers.verified.is_none() {
            let (content, signature) = entity.signed().map_err(|bad| misshapen(bad, &layers))?;
            let verified = signed::verify(&signature, &content, settings, now);
            layers.verified = Some(verified.map_err(|refusal| hidden(refusal, &layers))?);
            entity = content;
        } else {
            break;
        }
    }
    enough(&layers, settings)?;
    let mic = match &layers.verified {
        Some(verified) => verified.mic.clone(),
        None => {
            // RFC 4130, section 7.3.1: without the header where nothing protects it.
            let whole = layers.cipher.is_some() || layers.compressed;
            let bytes = if whole { entity.whole() } else { entity.body() };
            let mic = Mic::of(unsigned.unwrap_or_default(), bytes);
            mic.map_err(|error| Refusal::new(Trouble::UnexpectedProcessing, error.to_string()))?
        }
    };
    let (media_type, file_name) = (entity.header.content_type().essence, entity.header.file_name());
    let content = entity.decoded().map_err(|bad| misshapen(bad, &layers))?;
    if content.len() as u64 > limits.content_bytes {
        return Err(Refusal::new(Trouble::UnexpectedProcessing, too_long(limits.content_bytes)));
    }
    let signer = layers.verified.map(|verified| verified.signer);
    Ok(Opened {
        content,
        media_type,
        file_name,
        mic,
        cipher: layers.cipher,
        signer,
        compressed: layers.compressed,
    })
}

/// Opens an envelope, or unpacks what is compressed; each once at most, and no envelope below a signature.
fn cms(
    entity: Entity,
    layers: &mut Layers,
    settings: &Settings,
    identities: &[Identity],
    limits: Limits,
) -> Result<Entity, Refusal> {
    let bytes = entity.decoded().map_err(|bad| misshapen(bad, layers))?;
    let kind = enveloped::kind(&bytes).map_err(|_| misshapen(BadMime("it is no CMS"), layers))?;
    let opened = if kind == COMPRESSED_DATA && !layers.compressed {
        layers.compressed = true;
        compressed::decompress(&bytes, limits.content_bytes, limits.expansion).map_err(unpacked)?
    } else if (kind == ENVELOPED_DATA || kind == AUTH_ENVELOPED_DATA)
        && layers.cipher.is_none()
        && layers.verified.is_none()
        && !layers.compressed
    {
        let (content, cipher) = enveloped::decrypt(bytes, identities, settings)?;
        layers.cipher = Some(cipher);
        content
    } else {
        return Err(misshapen(
            BadMime("it holds CMS of a kind, or in an order, that AS2 does not have"),
            layers,
        ));
    };
    Entity::parse(opened).map_err(|bad| misshapen(bad, layers))
}

fn unpacked(why: Unpacked) -> Refusal {
    let words = match why {
        Unpacked::Broken => "what is compressed cannot be unpacked".to_owned(),
        Unpacked::TooLong(most) => too_long(most),
        Unpacked::TooDense(times) => format!(
            "what is compressed unfolds to more than {times} times its size, which is not taken; send it uncompressed"
        ),
    };
    Refusal::new(Trouble::DecompressionFailed, words)
}

fn too_long(most: u64) -> String {
    format!("the document has more than {most} bytes; send larger ones by SFTP, or to POST /epcis/capture")
}

fn misshapen(bad: BadMime, layers: &Layers) -> Refusal {
    hidden(
        Refusal::new(Trouble::UnsupportedFormat, format!("the message is not what AS2 has: {}", bad.0)),
        layers,
    )
}

/// What is wrong below an envelope is told as if it could not be opened: answers that tell the two apart let whoever sends
/// changed envelopes often enough find out what is in one.
fn hidden(refusal: Refusal, layers: &Layers) -> Refusal {
    match refusal.trouble {
        Trouble::UnsupportedFormat if layers.cipher.is_some() => {
            Refusal::new(Trouble::DecryptionFailed, "the envelope cannot be opened")
        }
        _ => refusal,
    }
}

/// Refuses what is less protected than agreed.
fn enough(layers: &Layers, settings: &Settings) -> Result<(), Refusal> {
    let less = |words: &str| Err(Refusal::new(Trouble::InsufficientSecurity, words));
    let (signed, encrypted) = (layers.verified.is_some(), layers.cipher.is_some());
    match (settings.required.signed && !signed, settings.required.encrypted && !encrypted) {
        (false, false) => Ok(()),
        (true, true) => less("the message must be signed and encrypted, as was agreed, and is neither"),
        (true, false) => less("the message must be signed, as was agreed, and is not"),
        (false, true) => less("the message must be encrypted, as was agreed, and is not"),
    }
}

#[cfg(test)]
mod tests;
