//! API keys: how machines prove who they are, what is kept of their keys, and whom they may speak for.

use std::fmt;
use std::hint::black_box;

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use thiserror::Error;

use crate::access::Caller;
use crate::access::Permission;
use crate::access::Permissions;
use crate::access::Role;
use crate::access::Sight;
use crate::gs1::Gln;

/// What every key begins with, so that it is known for what it is wherever it turns up.
const MARK: &str = "epcgate_";

/// Characters of the name of a key.
const ID: usize = 10;

/// Characters of its secret: 256 bits.
const SECRET: usize = 64;

/// Characters of its checksum.
const CHECKSUM: usize = 8;

/// A key as its holder has it: `epcgate_`, ten hexadecimal digits that name it, `_`, 64 secret ones, and eight by which a
/// slip of the pen is told before anything is looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// It has not the form of one.
    #[error(
        "this is no API key of epcgate: those begin with {MARK} and have {} characters",
        MARK.len() + ID + 1 + SECRET + CHECKSUM
    )]
    Form,
    /// It has the form, but some character is wrong.
    #[error("the API key is mistyped or cut: its checksum does not fit")]
    Checksum,
}

impl KeyText {
    /// Random bytes that a key is made of.
    pub const RANDOM: usize = (ID + SECRET) / 2;

    /// A new key of random bytes.
    pub fn new(random: &[u8; KeyText::RANDOM]) -> KeyText {
        let digits = hexadecimal(random);
        let (id, secret) = digits.split_at(ID);
        let text = format!("{MARK}{id}_{secret}");
        let checksum = checksum(&text);
        KeyText(text + &checksum)
    }

    /// Reads a key.
    pub fn parse(text: &str) -> Result<KeyText, KeyFault> {
        let digits = text.strip_prefix(MARK).filter(|digits| digits.len() == ID + 1 + SECRET + CHECKSUM);
        let (id, secret) = digits.and_then(|digits| digits.split_once('_')).ok_or(KeyFault::Form)?;
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if id.len() != ID || !id.bytes().chain(secret.bytes()).all(digit) {
            return Err(KeyFault::Form);
        }
        match text.split_at_checked(text.len() - CHECKSUM) {
            Some((body, found)) if checksum(body) == found => Ok(KeyText(text.to_owned())),
            _ => Err(KeyFault::Checksum),
        }
    }

    /// The name of the key, which is no secret.
    pub fn id(&self) -> &str {
        self.0.get(MARK.len()..MARK.len() + ID).unwrap_or_default()
    }

    /// What is kept of it: SHA-256 of the whole.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyText({MARK}{}_…)", self.id())
    }
}

fn checksum(text: &str) -> String {
    hexadecimal(Sha256::digest(text.as_bytes()).get(..CHECKSUM / 2).unwrap_or_default())
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What a key is good for: what one of a role does, or one thing alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All that one of this role may do.
    Is(Role),
    /// This alone.
    May(Permission),
}

impl Scope {
    /// The word of the role or of the permission, such as `partner` or `capture`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Is(role) => role.as_str(),
            Scope::May(permission) => permission.as_str(),
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes, and `operate` for what an operator does; `None` for any other word.
    pub fn parse(word: &str) -> Option<Scope> {
        let word = if word == "operate" { Role::Operator.as_str() } else { word };
        Role::parse(word).map(Scope::Is).or_else(|| Permission::parse(word).map(Scope::May))
    }

    /// What it lets do.
    pub fn permissions(self) -> Permissions {
        match self {
            Scope::Is(role) => role.permissions(),
            Scope::May(permission) => [permission].into_iter().collect(),
        }
    }
}

/// The parties in whose name a caller may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeaksFor {
    /// Anyone: a provider that asks for its customers.
    Any,
    /// Those with these GLNs.
    These(Vec<Gln>),
}

impl SpeaksFor {
    /// Whether a GLN, as it stands in a request, is one of them.
    pub fn covers(&self, gln: &str) -> bool {
        match self {
            SpeaksFor::Any => true,
            SpeaksFor::These(glns) => glns.iter().any(|own| own.as_str() == gln),
        }
    }
}

/// When, by whom and why a key was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name, the ten digits at its beginning.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// SHA-256 of the whole key.
    pub digest: [u8; 32],
    /// In whose name it asks.
    pub speaks_for: SpeaksFor,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Who made it.
    pub made_by: String,
    /// From when on it is no longer good.
    pub expires: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked: Option<Revocation>,
    /// When it was last used, to within a minute.
    pub used: Option<DateTime<Utc>>,
}

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    /// There is none like it.
    #[error("this API key is not known here")]
    Unknown,
    /// Its time is over.
    #[error("this API key has expired; ask for a new one")]
    Expired,
    /// It was taken back.
    #[error("this API key was revoked; ask for a new one")]
    Revoked,
}

impl ApiKey {
    /// Who asks with it. One that is bound to GLNs sees what these are a party to, and may do no more than a partner.
    pub fn caller(&self) -> Caller {
        let granted =
            self.scopes.iter().fold(Permissions::default(), |all, scope| all.and(scope.permissions()));
        let (permissions, sight) = match &self.speaks_for {
            SpeaksFor::These(glns) => {
                (granted.within(Role::Partner.permissions()), Sight::Parties(glns.clone()))
            }
            SpeaksFor::Any if self.scopes.contains(&Scope::Is(Role::Partner)) => (granted, Sight::Nothing),
            SpeaksFor::Any => (granted, Sight::of(granted)),
        };
        Caller::new(format!("key:{}", self.name), permissions, sight).speaking_for(self.speaks_for.clone())
    }

    /// Whether a key shown to us is this one, and good at this moment. The comparison takes the same time for any key.
    pub fn admits(&self, shown: &KeyText, now: DateTime<Utc>) -> Result<(), KeyRefusal> {
        if !equal(&self.digest, &shown.digest()) {
            return Err(KeyRefusal::Unknown);
        }
        if self.revoked.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        match self.expires {
            Some(end) if end <= now => Err(KeyRefusal::Expired),
            _ => Ok(()),
        }
    }
}

fn equal(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    difference == 0
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn key(byte: u8) -> KeyText {
        KeyText::new(&[byte; KeyText::RANDOM])
    }

    #[test]
    fn a_key_is_read_back_and_any_slip_is_told() {
        let text = key(0x5a);
        assert_eq!(KeyText::parse(text.reveal()), Ok(text.clone()));
        assert_eq!((text.id(), text.reveal().len()), ("5a5a5a5a5a", 91));
        assert!(!format!("{text:?}").contains(&text.reveal()[20..]));
        for at in 0..text.reveal().len() {
            let mut wrong = text.reveal().to_owned();
            let other = if wrong.as_bytes()[at] == b'0' { "1" } else { "0" };
            wrong.replace_range(at..=at, other);
            assert!(KeyText::parse(&wrong).is_err(), "{wrong}");
        }
        let cut = &text.reveal()[..90];
        for wrong in ["", "epcgate_", cut, &text.reveal().to_uppercase(), &format!("{} ", text.reveal())] {
            assert_eq!(KeyText::parse(wrong), Err(KeyFault::Form), "{wrong:?}");
        }
        assert!(KeyFault::Form.to_string().ends_with("91 characters"));
        assert_eq!(KeyText::parse(&text.reveal().replace("5a5a_", "5b5a_")), Err(KeyFault::Checksum));
        assert_eq!(KeyText::parse(&format!("epcgate_{}", "é".repeat(41) + "1")), Err(KeyFault::Form));
    }

    #[test]
    fn a_key_opens_while_it_is_good() {
        let now = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        let shown = key(1);
        let kept = ApiKey {
            id: shown.id().to_owned(),
            name: "acme".to_owned(),
            digest: shown.digest(),
            speaks_for: SpeaksFor::Any,
            scopes: vec![Scope::May(Permission::Verify)],
            made_at: now,
            made_by: "operator".to_owned(),
            expires: Some(now + TimeDelta::days(1)),
            revoked: None,
            used: None,
        };
        assert_eq!(kept.admits(&shown, now), Ok(()));
        assert_eq!(kept.admits(&key(2), now), Err(KeyRefusal::Unknown));
        assert_eq!(kept.admits(&shown, now + TimeDelta::days(1)), Err(KeyRefusal::Expired));
        let revoked = Revocation { at: now, by: "a".to_owned(), why: "lost".to_owned() };
        let kept = ApiKey { revoked: Some(revoked), ..kept };
        assert_eq!(kept.admits(&shown, now), Err(KeyRefusal::Revoked));
        assert_eq!(kept.admits(&key(2), now), Err(KeyRefusal::Unknown));
    }

    fn caller(scopes: &[&str], speaks_for: SpeaksFor) -> Caller {
        let shown = key(1);
        let key = ApiKey {
            id: shown.id().to_owned(),
            name: "acme".to_owned(),
            digest: shown.digest(),
            speaks_for,
            scopes: scopes.iter().map(|word| Scope::parse(word).unwrap()).collect(),
            made_at: DateTime::UNIX_EPOCH,
            made_by: "operator".to_owned(),
            expires: None,
            revoked: None,
            used: None,
        };
        key.caller()
    }

    #[test]
    fn a_key_of_a_partner_is_no_more_than_that() {
        let gln = Gln::parse("4012345000115").unwrap();
        let own = || SpeaksFor::These(vec![gln]);
        let partner = caller(&["operate"], own());
        assert_eq!(partner.permissions(), Role::Partner.permissions());
        assert_eq!((partner.actor(), partner.sight()), ("key:acme", &Sight::Parties(vec![gln])));
        assert_eq!(caller(&["verify"], SpeaksFor::Any).sight(), &Sight::Nothing);
        assert_eq!(caller(&["partner"], SpeaksFor::Any).sight(), &Sight::Nothing);
        assert_eq!(caller(&["administrator", "verify"], SpeaksFor::Any).sight(), &Sight::Nothing);
        assert_eq!(caller(&["receiver"], SpeaksFor::Any).sight(), &Sight::Everything);
        assert_eq!(Scope::parse("all"), None);
    }

    #[test]
    fn a_key_speaks_for_its_own() {
        let own = SpeaksFor::These(vec![Gln::parse("4012345000115").unwrap()]);
        assert!(own.covers("4012345000115") && !own.covers("9521102000015") && !own.covers(""));
        assert!(SpeaksFor::Any.covers("whoever"));
    }
}
