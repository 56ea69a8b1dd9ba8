//! Certificates: ours with their keys, and those of partners, pinned one by one.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use openssl::asn1::Asn1Integer;
use openssl::asn1::Asn1Time;
use openssl::asn1::Asn1TimeRef;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::Id;
use openssl::pkey::PKey;
use openssl::pkey::Private;
use openssl::rsa::Rsa;
use openssl::x509::X509;
use openssl::x509::X509Name;
use openssl::x509::X509NameRef;
use openssl::x509::X509Ref;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::extension::KeyUsage;
use serde::Deserialize;
use serde::Serialize;

use crate::transport::as2::As2Error;
use crate::transport::as2::refused;

/// Bits of a key of ours.
const OWN_BITS: u32 = 3_072;

/// The fewest bits of an RSA key that is taken.
const FEWEST_BITS: u32 = 2_048;

/// A key of ours with its certificate.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) certificate: X509,
    pub(super) key: PKey<Private>,
}

/// A certificate of a partner, and when it is used. While several are in use, signatures of each are taken, and messages are
/// encrypted for the one that came into use last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Pinned {
    /// The certificate in PEM form.
    pub certificate: String,
    /// From when on it is used (RFC 3339); empty for at once.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Until when it is used (RFC 3339); empty for as long as it is valid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub until: String,
    /// Whether messages to the partner may be encrypted for it; not where it only signs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signs_only: bool,
}

/// What a certificate says, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// Whose it is.
    pub subject: String,
    /// Who made it.
    pub issuer: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// The beginning of its time (RFC 3339).
    pub valid_from: String,
    /// The end of its time (RFC 3339).
    pub valid_until: String,
    /// Its key, such as `RSA 3072`.
    pub key: String,
}

impl Identity {
    /// Reads a key and its certificate from PEM, in whatever order; further certificates are not looked at.
    pub fn from_pem(pem: &[u8]) -> Result<Identity, As2Error> {
        let key =
            PKey::private_key_from_pem(pem).map_err(refused("there is no private key in PEM form in it"))?;
        let certificate =
            X509::from_pem(pem).map_err(refused("there is no certificate in PEM form in it"))?;
        let own = certificate.public_key().map_err(refused("the certificate has no key"))?;
        if !own.public_eq(&key) {
            return Err(As2Error::Certificate("the certificate is not that of the key".to_owned()));
        }
        if key.id() != Id::RSA {
            return Err(As2Error::Certificate(
                "the key is no RSA key, which partners need to encrypt for us".to_owned(),
            ));
        }
        Ok(Identity { certificate, key })
    }

    /// Makes a key and a certificate that it signs itself, for so many days from now; the PEM holds both, the key first.
    pub fn make(name: &str, days: u32, now: DateTime<Utc>) -> Result<String, As2Error> {
        let made = || -> Result<String, ErrorStack> {
            let key = PKey::from_rsa(Rsa::generate(OWN_BITS)?)?;
            let mut subject = X509Name::builder()?;
            subject.append_entry_by_text("CN", name)?;
            let subject = subject.build();
            let mut serial = [0; 16];
            openssl::rand::rand_bytes(&mut serial)?;
            let mut builder = X509::builder()?;
            builder.set_version(2)?;
            builder.set_serial_number(&*Asn1Integer::from_bn(&*BigNum::from_slice(&serial)?)?)?;
            builder.set_subject_name(&subject)?;
            builder.set_issuer_name(&subject)?;
            builder.set_not_before(&*Asn1Time::from_unix(now.timestamp())?)?;
            builder.set_not_after(&*Asn1Time::from_unix(
                (now + TimeDelta::days(i64::from(days))).timestamp(),
            )?)?;
            builder.set_pubkey(&key)?;
            builder.append_extension(BasicConstraints::new().critical().build()?)?;
            let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build()?;
            builder.append_extension(usage)?;
            builder.sign(&key, MessageDigest::sha256())?;
            let mut pem = key.private_key_to_pem_pkcs8()?;
            pem.extend(builder.build().to_pem()?);
            Ok(String::from_utf8_lossy(&pem).into_owned())
        };
        made().map_err(refused("no certificate could be made"))
    }

    /// The certificate, which partners are given, in PEM form.
    pub fn public_pem(&self) -> Result<String, As2Error> {
        let pem = self.certificate.to_pem().map_err(refused("the certificate cannot be written"))?;
        Ok(String::from_utf8_lossy(&pem).into_owned())
    }

    /// What its certificate says.
    pub fn describe(&self) -> Result<Described, As2Error> {
        describe(&self.certificate)
    }

    /// The one of these that signs: the one with this fingerprint, or the first where none is named.
    pub fn choose<'a>(all: &'a [Identity], fingerprint: &str) -> Result<&'a Identity, As2Error> {
        let chosen = all.iter().find(|identity| {
            fingerprint.is_empty()
                || self::fingerprint(&identity.certificate)
                    .is_ok_and(|own| own.eq_ignore_ascii_case(fingerprint))
        });
        chosen.ok_or_else(|| {
            As2Error::Certificate(match fingerprint {
                "" => "no key of ours is given under as2.identities; make one with `epcgate as2 certificate`"
                    .to_owned(),
                named => format!(
                    "no file under as2.identities holds the certificate {named} that the channel names"
                ),
            })
        })
    }
}

impl Pinned {
    /// A pinned certificate as it is found in PEM or DER form.
    pub fn read(bytes: &[u8]) -> Result<Pinned, As2Error> {
        let found = if bytes.trim_ascii_start().starts_with(b"-----") {
            X509::from_pem(bytes)
        } else {
            X509::from_der(bytes)
        };
        let certificate = found.map_err(refused("there is no certificate in PEM or DER form in it"))?;
        let pem = certificate.to_pem().map_err(refused("the certificate cannot be written"))?;
        Ok(Pinned { certificate: String::from_utf8_lossy(&pem).into_owned(), ..Pinned::default() })
    }

    /// What it says.
    pub fn describe(&self) -> Result<Described, As2Error> {
        describe(&*self.parsed()?)
    }

    /// Tells what of it cannot be used.
    pub(super) fn check(&self) -> Result<(), As2Error> {
        let certificate = self.parsed()?;
        let key = certificate.public_key().map_err(refused("the certificate has no key"))?;
        if key.id() == Id::RSA && key.bits() < FEWEST_BITS {
            let words = format!(
                "the certificate {} has a key of {} bits; 2048 are the fewest",
                title(&certificate),
                key.bits()
            );
            return Err(As2Error::Certificate(words));
        }
        self.moment(&self.from)?;
        self.moment(&self.until)?;
        Ok(())
    }

    pub(super) fn parsed(&self) -> Result<X509, As2Error> {
        X509::from_pem(self.certificate.as_bytes())
            .map_err(refused("a certificate of the partner is not in PEM form"))
    }

    fn moment(&self, text: &str) -> Result<Option<DateTime<Utc>>, As2Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let moment = DateTime::parse_from_rfc3339(text).map_err(|error| {
            As2Error::Certificate(format!("{text:?} is no moment such as 2027-01-31T00:00:00Z: {error}"))
        });
        moment.map(|moment| Some(moment.to_utc()))
    }

    /// Why it is not used at this moment, in words; `None` where it is.
    pub(super) fn idle(&self, certificate: &X509Ref, now: DateTime<Utc>) -> Result<Option<String>, As2Error> {
        let title = title(certificate);
        let (begin, end) = (moment(certificate.not_before())?, moment(certificate.not_after())?);
        Ok(if now < begin {
            Some(format!("its certificate {title} is valid only from {}", shown(begin)))
        } else if now >= end {
            Some(format!(
                "its certificate {title} has expired on {}; a new one has to be exchanged",
                shown(end)
            ))
        } else if let Some(from) = self.moment(&self.from)?.filter(|from| now < *from) {
            Some(format!("its certificate {title} is agreed on only from {}", shown(from)))
        } else {
            let ended = self.moment(&self.until)?.filter(|until| now >= *until);
            ended.map(|until| format!("its certificate {title} was agreed on until {}", shown(until)))
        })
    }
}

/// The certificate for which messages are encrypted now: of those in use the one that came into use last.
pub(super) fn recipient(pinned: &[Pinned], now: DateTime<Utc>) -> Result<X509, As2Error> {
    let mut latest: Option<(DateTime<Utc>, X509)> = None;
    let mut idle = Vec::new();
    for pinned in pinned.iter().filter(|pinned| !pinned.signs_only) {
        let certificate = pinned.parsed()?;
        if let Some(why) = pinned.idle(&certificate, now)? {
            idle.push(why);
            continue;
        }
        let since = moment(certificate.not_before())?.max(pinned.moment(&pinned.from)?.unwrap_or_default());
        if latest.as_ref().is_none_or(|(other, _)| *other <= since) {
            latest = Some((since, certificate));
        }
    }
    let none = || match &*idle {
        [] => "the channel holds no certificate of the partner to encrypt for".to_owned(),
        reasons => format!("nothing can be encrypted for the partner: {}", reasons.join("; ")),
    };
    latest.map(|(_, certificate)| certificate).ok_or_else(|| As2Error::Certificate(none()))
}

/// SHA-256 of a certificate, in hexadecimal.
pub(super) fn fingerprint(certificate: &X509Ref) -> Result<String, As2Error> {
    let digest = certificate.digest(MessageDigest::sha256()).map_err(refused("no digest"))?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Its subject and serial number, for sentences.
fn title(certificate: &X509Ref) -> String {
    let serial =
        certificate.serial_number().to_bn().and_then(|number| number.to_hex_str().map(|hex| hex.to_string()));
    format!("{:?} (serial number {})", written(certificate.subject_name()), serial.unwrap_or_default())
}

fn describe(certificate: &X509Ref) -> Result<Described, As2Error> {
    let unread = refused("the certificate cannot be read");
    let key = certificate.public_key().map_err(&unread)?;
    let kind = match key.id() {
        Id::RSA => "RSA",
        Id::EC => "EC",
        _ => "other",
    };
    let serial =
        certificate.serial_number().to_bn().and_then(|number| number.to_hex_str().map(|hex| hex.to_string()));
    Ok(Described {
        fingerprint: fingerprint(certificate)?,
        subject: written(certificate.subject_name()),
        issuer: written(certificate.issuer_name()),
        serial: serial.map_err(&unread)?,
        valid_from: shown(moment(certificate.not_before())?),
        valid_until: shown(moment(certificate.not_after())?),
        key: format!("{kind} {}", key.bits()),
    })
}

fn written(name: &X509NameRef) -> String {
    let entries = name.entries().map(|entry| {
        let value = entry.data().to_string().unwrap_or_default();
        format!("{}={value}", entry.object().nid().short_name().unwrap_or("?"))
    });
    entries.collect::<Vec<_>>().join(", ")
}

fn moment(time: &Asn1TimeRef) -> Result<DateTime<Utc>, As2Error> {
    let unread = refused("a time in the certificate cannot be read");
    let since = Asn1Time::from_unix(0).and_then(|epoch| epoch.diff(time)).map_err(unread)?;
    let since = TimeDelta::days(i64::from(since.days)) + TimeDelta::seconds(i64::from(since.secs));
    Ok(DateTime::UNIX_EPOCH + since)
}

fn shown(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(pem: &str) -> Pinned {
        let at = pem.find("-----BEGIN CERTIFICATE").unwrap();
        Pinned { certificate: pem[at..].to_owned(), ..Pinned::default() }
    }

    fn day(text: &str) -> DateTime<Utc> {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn what_is_made_is_read_and_described() {
        let pem = Identity::make("Acme Wholesale", 730, day("2026-11-23")).unwrap();
        let identity = Identity::from_pem(pem.as_bytes()).unwrap();
        let described = identity.describe().unwrap();
        assert_eq!((&*described.subject, &*described.key), ("CN=Acme Wholesale", "RSA 3072"));
        assert_eq!(
            (&*described.valid_from, &*described.valid_until),
            ("2026-11-23T00:00:00Z", "2028-11-22T00:00:00Z")
        );
        let public = identity.public_pem().unwrap();
        assert!(
            !public.contains("PRIVATE")
                && Pinned::read(public.as_bytes()).unwrap().describe().unwrap() == described
        );
        assert!(
            Identity::choose(std::slice::from_ref(&identity), &described.fingerprint.to_uppercase()).is_ok()
        );
        assert!(Identity::choose(&[identity], "00").is_err());
        let other = Identity::make("Other", 1, day("2026-11-23")).unwrap();
        let mixed = format!("{}{public}", other.split("-----BEGIN CERTIFICATE").next().unwrap());
        assert!(
            Identity::from_pem(mixed.as_bytes()).unwrap_err().to_string().contains("not that of the key")
        );
    }

    #[test]
    fn the_newest_that_is_in_use_is_encrypted_for() {
        let old = pinned(&Identity::make("old", 400, day("2026-01-01")).unwrap());
        let new = pinned(&Identity::make("new", 400, day("2026-11-01")).unwrap());
        let later = Pinned { from: "2026-12-01T00:00:00Z".to_owned(), ..new.clone() };
        let name = |pinned: &[Pinned], now: &str| {
            recipient(pinned, day(now))
                .map_or_else(|error| error.to_string(), |found| written(found.subject_name()))
        };
        assert_eq!(name(&[new.clone(), old.clone()], "2026-11-23"), "CN=new");
        assert_eq!(name(&[later.clone(), old.clone()], "2026-11-23"), "CN=old");
        assert_eq!(name(&[later, old.clone()], "2026-12-01"), "CN=new");
        assert!(name(std::slice::from_ref(&old), "2027-06-01").contains("expired on 2027-02-05"));
        let over = Pinned { until: "2026-06-01T00:00:00Z".to_owned(), ..old.clone() };
        assert!(name(&[over], "2026-11-23").contains("agreed on until"));
        assert!(name(&[Pinned { signs_only: true, ..old }], "2026-11-23").contains("holds no certificate"));
    }
}
