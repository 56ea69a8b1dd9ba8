//! A message to a partner: what is sent, compressed, signed, compressed, encrypted, as agreed (RFC 4130; RFC 5402).

use chrono::DateTime;
use chrono::Utc;

use crate::transport::as2::As2Error;
use crate::transport::as2::Compression;
use crate::transport::as2::Digest;
use crate::transport::as2::Identity;
use crate::transport::as2::Mic;
use crate::transport::as2::OwnSettings;
use crate::transport::as2::Receipts;
use crate::transport::as2::Settings;
use crate::transport::as2::certificate;
use crate::transport::as2::compressed::compress;
use crate::transport::as2::enveloped::encrypt;
use crate::transport::as2::mime::base64_lines;
use crate::transport::as2::mime::head;
use crate::transport::as2::name;
use crate::transport::as2::signed::sign;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// The document.
    pub content: &'a [u8],
    /// Its media type.
    pub media_type: &'a str,
    /// Its file name.
    pub file_name: &'a str,
    /// The id of the message, without angle brackets; the same each time it is sent.
    pub message_id: &'a str,
    /// What makes boundaries unique; random.
    pub unique: u128,
}

/// A message as it goes over HTTP.
#[derive(Clone, Debug)]
pub struct Built {
    /// Header fields.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The integrity checks that its receipt may show: one where it is signed, one for each digest where it is not.
    pub mics: Vec<Mic>,
}

/// An entity apart: its own fields, and its body.
struct Layer {
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Layer {
    fn whole(&self) -> Vec<u8> {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (*name, &**value)).collect();
        let mut whole = head(&fields);
        whole.reserve_exact(self.body.len());
        whole.extend_from_slice(&self.body);
        whole
    }

    fn cms(kind: &str, file: &str, body: Vec<u8>) -> Layer {
        let fields = vec![
            ("Content-Type", format!("application/pkcs7-mime; smime-type={kind}; name=\"{file}\"")),
            ("Content-Transfer-Encoding", "binary".to_owned()),
            ("Content-Disposition", format!("attachment; filename=\"{file}\"")),
        ];
        Layer { fields, body }
    }
}

/// Builds the message for a parcel. `identity` is the key of ours that signs.
pub fn build(
    settings: &Settings,
    own: &OwnSettings,
    identity: &Identity,
    parcel: &Parcel<'_>,
    now: DateTime<Utc>,
) -> Result<Built, As2Error> {
    let sending = &settings.sending;
    let plain =
        sending.digest.is_none() && sending.cipher.is_none() && sending.compression == Compression::None;
    let mut mics = if plain { unsigned_checks(settings, parcel.content)? } else { Vec::new() };
    let mut layer = Layer {
        fields: vec![
            ("Content-Type", parcel.media_type.to_owned()),
            ("Content-Transfer-Encoding", "binary".to_owned()),
            ("Content-Disposition", format!("attachment; filename=\"{}\"", file_name(parcel.file_name))),
        ],
        body: parcel.content.to_vec(),
    };
    if !plain && sending.digest.is_none() {
        mics = unsigned_checks(settings, &layer.whole())?;
    }
    if sending.compression == Compression::BeforeSigning {
        layer = packed(&layer)?;
    }
    if let Some(digest) = sending.digest {
        let content = layer.whole();
        drop(layer);
        mics = vec![Mic::of(digest, &content)?];
        layer = signed(&content, digest, identity, parcel.unique, now)?;
    }
    if sending.compression == Compression::AfterSigning {
        layer = packed(&layer)?;
    }
    if let Some(cipher) = sending.cipher {
        let certificate = certificate::recipient(&settings.certificates, now)?;
        let kind = if cipher.is_authenticated() { "authEnveloped-data" } else { "enveloped-data" };
        let content = layer.whole();
        drop(layer);
        layer = Layer::cms(kind, "smime.p7m", encrypt(&content, cipher, certificate)?);
    }
    let mut fields = common_fields(settings, parcel.message_id, now);
    let subject = if sending.subject.is_empty() { "EPCIS document" } else { &sending.subject };
    fields.push(("Subject".to_owned(), subject.to_owned()));
    fields.extend(receipt_fields(settings, own));
    fields.extend(layer.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(Built { fields, body: layer.body, mics })
}

/// The fields of every message and receipt of ours.
pub(super) fn common_fields(
    settings: &Settings,
    message_id: &str,
    now: DateTime<Utc>,
) -> Vec<(String, String)> {
    [
        ("AS2-Version", "1.2".to_owned()),
        // Sent again, a message keeps its id; received again, it gets the receipt it had.
        ("EDIINT-Features", "AS2-Reliability".to_owned()),
        ("AS2-From", name::write(&settings.our_name)),
        ("AS2-To", name::write(&settings.partner_name)),
        ("Message-ID", format!("<{message_id}>")),
        ("Date", now.format("%a, %d %b %Y %H:%M:%S +0000").to_string()),
        ("MIME-Version", "1.0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn receipt_fields(settings: &Settings, own: &OwnSettings) -> Vec<(String, String)> {
    let sending = &settings.sending;
    if sending.receipts == Receipts::None {
        return Vec::new();
    }
    let mut fields = vec![("Disposition-Notification-To".to_owned(), format!("as2@{}", own.domain))];
    if sending.signed_receipts {
        let digest = sending.digest.unwrap_or_default().as_str();
        let options = format!(
            "signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, {digest}"
        );
        fields.push(("Disposition-Notification-Options".to_owned(), options));
    }
    if sending.receipts == Receipts::Async {
        fields.push(("Receipt-Delivery-Option".to_owned(), own.receipt_url.clone()));
    }
    fields
}

/// Of what is not signed the partner chooses the digest of its receipt (RFC 4130, section 7.3.1).
fn unsigned_checks(settings: &Settings, bytes: &[u8]) -> Result<Vec<Mic>, As2Error> {
    let digests = [Digest::Sha256, Digest::Sha384, Digest::Sha512, Digest::Sha1, Digest::Md5];
    let taken = digests.into_iter().filter(|digest| settings.allows(digest.weak()));
    taken.map(|digest| Mic::of(digest, bytes)).collect()
}

fn packed(layer: &Layer) -> Result<Layer, As2Error> {
    let packed = compress(&layer.whole());
    let packed =
        packed.map_err(|error| As2Error::Setting(format!("the message cannot be compressed: {error}")))?;
    Ok(Layer::cms("compressed-data", "smime.p7z", packed))
}

/// Puts what is signed and its signature together (`multipart/signed`, RFC 1847).
pub(super) fn wrap(content: &[u8], signature: &[u8], digest: Digest, unique: u128) -> (String, Vec<u8>) {
    let boundary = format!("epcgate-{unique:032x}");
    let content_type = format!(
        "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={}; boundary=\"{boundary}\"",
        digest.as_str()
    );
    let fields = head(&[
        ("Content-Type", "application/pkcs7-signature; name=\"smime.p7s\""),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", "attachment; filename=\"smime.p7s\""),
    ]);
    let parts: [&[u8]; 10] = [
        b"--",
        boundary.as_bytes(),
        b"\r\n",
        content,
        b"\r\n--",
        boundary.as_bytes(),
        b"\r\n",
        &[fields, base64_lines(signature)].concat(),
        b"\r\n--",
        &[boundary.as_bytes(), b"--\r\n"].concat(),
    ];
    (content_type, parts.concat())
}

fn signed(
    content: &[u8],
    digest: Digest,
    identity: &Identity,
    unique: u128,
    now: DateTime<Utc>,
) -> Result<Layer, As2Error> {
    let signature = sign(content, digest, identity, now)?;
    let (content_type, body) = wrap(content, &signature, digest, unique);
    Ok(Layer { fields: vec![("Content-Type", content_type)], body })
}

/// A file name that needs no quoting.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect()
}
