//! The channel agreed with one partner: names, addresses, certificates, and what messages must be.

use serde::Deserialize;
use serde::Serialize;

use crate::transport::as2::Cipher;
use crate::transport::as2::Digest;
use crate::transport::as2::Pinned;
use crate::transport::as2::Weak;
use crate::transport::as2::name;
use crate::transport::channel::check_url;

/// An AS2 channel, as it is kept for a partner. Everything but the names may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Our name, as `AS2-To` of what the partner sends.
    pub our_name: String,
    /// The partner's name, as `AS2-From` of what it sends.
    pub partner_name: String,
    /// Where messages to the partner are sent; empty where none are.
    pub url: String,
    /// The partner's certificates: several while an old one and a new one overlap.
    pub certificates: Vec<Pinned>,
    /// SHA-256 of the certificate of ours that signs, in hexadecimal; empty for the first that there is.
    pub own_certificate: String,
    /// What messages to the partner are.
    pub sending: Sending,
    /// What messages of the partner must be.
    pub required: Required,
    /// Outdated algorithms that are taken from this partner, and may be named under `sending`.
    pub weak: Vec<Weak>,
    /// Where receipts are sent that the partner does not want on the same connection: the one address that is called, whatever
    /// a message asks for. Empty where there are none.
    pub receipt_url: String,
}

/// What messages to the partner are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Sending {
    /// By which digest they are signed; `null` for not at all.
    pub digest: Option<Digest>,
    /// By which cipher they are encrypted; `null` for not at all.
    pub cipher: Option<Cipher>,
    /// Where they are compressed.
    pub compression: Compression,
    /// How the partner acknowledges them.
    pub receipts: Receipts,
    /// Whether its receipts must be signed.
    pub signed_receipts: bool,
    /// The subject of messages; empty for a usual one.
    pub subject: String,
}

/// Where a message is compressed (RFC 5402).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Before it is signed: what is signed is compressed.
    BeforeSigning,
    /// After it is signed, and before it is encrypted.
    AfterSigning,
}

/// How messages are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receipts {
    /// On the connection of the message.
    #[default]
    Sync,
    /// On a connection of the partner to us.
    Async,
    /// Not at all: only that it arrived is known.
    None,
}

/// What messages of the partner must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Required {
    /// Signed by one of its certificates.
    pub signed: bool,
    /// Encrypted for one of ours.
    pub encrypted: bool,
}

impl Default for Sending {
    fn default() -> Sending {
        Sending {
            digest: Some(Digest::default()),
            cipher: Some(Cipher::default()),
            compression: Compression::default(),
            receipts: Receipts::default(),
            signed_receipts: true,
            subject: String::new(),
        }
    }
}

impl Default for Required {
    fn default() -> Required {
        Required { signed: true, encrypted: true }
    }
}

impl Settings {
    /// Tells what of it cannot be used: names, certificates, algorithms that are outdated and not allowed for.
    pub fn check(&self) -> Result<(), String> {
        let refused = |why: String| Err(why);
        for (word, name) in [("ourName", &self.our_name), ("partnerName", &self.partner_name)] {
            if !name::is_name(name) {
                return refused(format!("{word}: an AS2 name has 1 to 128 printable ASCII characters"));
            }
        }
        if self.our_name == self.partner_name {
            return refused("ourName and partnerName are the same; each side has its own".to_owned());
        }
        for pinned in &self.certificates {
            pinned.check().map_err(|error| error.to_string())?;
        }
        if self.certificates.is_empty() && (self.required.signed || self.sending.cipher.is_some()) {
            let why = "certificates: none is given, so that nothing of the partner could be verified, and nothing encrypted for it";
            return refused(why.to_owned());
        }
        let weak = [self.sending.digest.and_then(Digest::weak), self.sending.cipher.and_then(Cipher::weak)];
        for weak in weak.into_iter().flatten() {
            if !self.allows(Some(weak)) {
                return refused(format!(
                    "sending: {weak:?} is outdated; name it under weak to use it all the same"
                ));
            }
        }
        let urls = [("url", &self.url), ("receiptUrl", &self.receipt_url)];
        urls.into_iter().filter(|(_, url)| !url.is_empty()).try_for_each(|(word, url)| check_url(word, url))
    }

    /// True where an algorithm is taken: one that is not weak, or that is named.
    pub fn allows(&self, weak: Option<Weak>) -> bool {
        weak.is_none_or(|weak| self.weak.contains(&weak))
    }

    /// True for a message between these two.
    pub fn joins(&self, from: &str, to: &str) -> bool {
        self.partner_name == from && self.our_name == to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings), expected: &str) {
        let mut settings = Settings {
            our_name: "us".to_owned(),
            partner_name: "them".to_owned(),
            required: Required { signed: false, encrypted: true },
            sending: Sending { cipher: None, ..Sending::default() },
            ..Settings::default()
        };
        change(&mut settings);
        let said = settings.check().err().unwrap_or_else(|| "fine".to_owned());
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        check(|_| {}, "fine");
        check(|settings| settings.our_name = "them".to_owned(), "the same");
        check(|settings| settings.partner_name.clear(), "partnerName");
        check(|settings| settings.required.signed = true, "none is given");
        check(|settings| settings.sending.cipher = Some(Cipher::Aes128Cbc), "none is given");
        check(|settings| settings.sending.digest = Some(Digest::Sha1), "outdated");
        check(
            |settings| {
                settings.sending.digest = Some(Digest::Sha1);
                settings.weak = vec![Weak::Sha1];
            },
            "fine",
        );
        check(|settings| settings.url = "http://partner.example/as2".to_owned(), "only https");
        check(
            |settings| {
                settings.certificates.push(Pinned { certificate: "x".to_owned(), ..Pinned::default() })
            },
            "PEM",
        );
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings: Settings = serde_json::from_str(r#"{"ourName":"a","partnerName":"b"}"#).unwrap();
        assert!(settings.required.signed && settings.required.encrypted && settings.weak.is_empty());
        assert_eq!(settings.sending.cipher, Some(Cipher::Aes256Cbc));
        let none: Settings =
            serde_json::from_str(r#"{"sending":{"cipher":null,"digest":"sha512"}}"#).unwrap();
        assert_eq!((none.sending.cipher, none.sending.digest), (None, Some(Digest::Sha512)));
        assert!(serde_json::from_str::<Settings>(r#"{"sendng":{}}"#).is_err());
        let again: Settings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
    }
}
