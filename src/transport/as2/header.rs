//! What the header fields of a message say: between whom, under which id, and which receipt is wanted (RFC 4130, sections 6
//! and 7.3).

use crate::transport::as2::Digest;
use crate::transport::as2::Fields;
use crate::transport::as2::Refusal;
use crate::transport::as2::Settings;
use crate::transport::as2::Trouble;
use crate::transport::as2::mime::ContentType;
use crate::transport::as2::name;

/// The longest message id that is taken.
const LONGEST_ID: usize = 998;

/// Between whom a message goes, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// `AS2-From`.
    pub from: String,
    /// `AS2-To`.
    pub to: String,
    /// `Message-ID`, without its angle brackets.
    pub message_id: String,
}

/// Which receipt a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// By which digest it is to be signed, if at all.
    pub signed: Option<Digest>,
    /// How the message spells the digest.
    pub spelling: String,
    /// Where it is to be sent, where not on the same connection. Never called: what is agreed is.
    pub url: Option<String>,
    /// What it asks for in vain.
    pub refused: Option<Refusal>,
}

impl Parties {
    /// Reads `AS2-From`, `AS2-To` and `Message-ID`; tells in words which of them is missing or cannot be read.
    pub fn read(fields: &Fields) -> Result<Parties, String> {
        let named = |field: &str| {
            let value = fields.field(field).ok_or_else(|| format!("the message has no {field}"))?;
            name::read(value).ok_or_else(|| {
                format!("{field} {value:?} is no AS2 name: 1 to 128 printable characters, quoted where there is a space")
            })
        };
        let (from, to) = (named("AS2-From")?, named("AS2-To")?);
        let message_id = bare_id(fields.field("Message-ID").unwrap_or_default());
        if message_id.is_empty()
            || message_id.len() > LONGEST_ID
            || !message_id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err("the message has no Message-ID, or one that is longer than 998 characters".to_owned());
        }
        Ok(Parties { from, to, message_id: message_id.to_owned() })
    }
}

/// An id without its angle brackets.
pub(super) fn bare_id(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(value)
}

impl Wish {
    /// Reads which receipt is wanted; `None` for none. A digest is the first that the message names and the channel allows.
    pub fn read(fields: &Fields, settings: &Settings) -> Option<Wish> {
        fields.field("Disposition-Notification-To")?;
        let url =
            fields.field("Receipt-Delivery-Option").map(|url| url.trim_matches(['<', '>', ' ']).to_owned());
        let url = url.filter(|url| !url.is_empty());
        let mut wish = Wish { signed: None, spelling: String::new(), url, refused: None };
        let Some(options) = fields.field("Disposition-Notification-Options") else { return Some(wish) };
        // Its parameters are those of a content type without the type.
        let options = ContentType::parse(&format!("options; {options}"));
        let list = |name: &str| {
            let mut values = options.parameter(name)?.split(',').map(str::trim);
            let required = values.next()?.eq_ignore_ascii_case("required");
            Some((required, values.map(str::to_owned).collect::<Vec<_>>()))
        };
        let Some((required, protocols)) = list("signed-receipt-protocol") else { return Some(wish) };
        let known = |word: &String| matches!(&*word.to_ascii_lowercase(), "pkcs7-signature" | "pkcs7");
        if !protocols.iter().any(known) {
            let words =
                "receipts are signed by pkcs7-signature; ask for that in Disposition-Notification-Options";
            wish.refused = required.then(|| Refusal::new(Trouble::UnsupportedFormat, words));
            return Some(wish);
        }
        let (required, names) = list("signed-receipt-micalg").unwrap_or_default();
        let taken = names.iter().find_map(|name| {
            let digest = Digest::parse(name).filter(|digest| settings.allows(digest.weak()))?;
            Some((digest, name.clone()))
        });
        if taken.is_none() && required {
            let words = format!(
                "none of the digests {} is taken; sha-256, sha-384 and sha-512 are",
                names.join(", ")
            );
            wish.refused = Some(Refusal::new(Trouble::UnsupportedMic, words));
        }
        let (digest, spelling) =
            taken.unwrap_or_else(|| (Digest::default(), Digest::default().as_str().to_owned()));
        (wish.signed, wish.spelling) = (Some(digest), spelling);
        Some(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::as2::Weak;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn parties_are_read() {
        let good = [("AS2-From", "\"A b\""), ("as2-to", "c"), ("Message-Id", " <1@x> ")];
        let read = Parties::read(&fields(&good)).unwrap();
        assert_eq!((&*read.from, &*read.to, &*read.message_id), ("A b", "c", "1@x"));
        for missing in 0..3 {
            let some: Vec<_> =
                good.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, pair)| *pair).collect();
            assert!(Parties::read(&fields(&some)).is_err());
        }
    }

    fn check(options: &str, weak: &[Weak], signed: Option<Digest>, refused: Option<Trouble>) {
        let fields =
            fields(&[("Disposition-Notification-To", "x"), ("Disposition-Notification-Options", options)]);
        let settings = Settings { weak: weak.to_vec(), ..Settings::default() };
        let wish = Wish::read(&fields, &settings).unwrap();
        assert_eq!(
            (wish.signed, wish.refused.map(|refusal| refusal.trouble)),
            (signed, refused),
            "{options}"
        );
    }

    #[test]
    fn the_first_digest_that_is_allowed_is_taken() {
        let signed = "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg";
        check(&format!("{signed}=optional, sha1, SHA512, sha256"), &[], Some(Digest::Sha512), None);
        check(&format!("{signed}=optional, sha1, sha256"), &[Weak::Sha1], Some(Digest::Sha1), None);
        check(&format!("{signed}=optional,md5"), &[Weak::Sha1], Some(Digest::Sha256), None);
        check(&format!("{signed}=required,md5"), &[], Some(Digest::Sha256), Some(Trouble::UnsupportedMic));
        check("signed-receipt-protocol=required,pgp", &[], None, Some(Trouble::UnsupportedFormat));
        check("signed-receipt-protocol=optional,pgp", &[], None, None);
        check("", &[], None, None);
    }

    #[test]
    fn no_receipt_is_wanted_where_none_is_asked_for() {
        assert_eq!(
            Wish::read(&fields(&[("Receipt-Delivery-Option", "https://x/")]), &Settings::default()),
            None
        );
        let wish =
            fields(&[("Disposition-Notification-To", "x"), ("Receipt-Delivery-Option", "<https://x/>")]);
        assert_eq!(Wish::read(&wish, &Settings::default()).unwrap().url.unwrap(), "https://x/");
    }
}
