//! Sessions: what a browser holds while somebody is signed in, and the one-time links that people are let in by.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;

/// A secret of 256 random bits that a browser or a link holds; of ours it is kept as a digest alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; Token::RANDOM]);

impl Token {
    /// Random bytes that a token is made of.
    pub const RANDOM: usize = 32;

    /// A token of random bytes.
    pub fn new(random: [u8; Token::RANDOM]) -> Token {
        Token(random)
    }

    /// Reads a token; `None` for anything else.
    pub fn parse(text: &str) -> Option<Token> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Token)
    }

    /// The token itself.
    pub fn reveal(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it: SHA-256.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// What forms of a signed-in browser must bring along: another site can make it send its cookie, but not this.
    pub fn form_token(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"epcgate form ");
        hash.update(self.0);
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// A browser in which somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    /// The person.
    pub person: String,
    /// When they signed in.
    pub made_at: DateTime<Utc>,
    /// When it was last used, to within a minute.
    pub used_at: DateTime<Utc>,
    /// When they have to sign in again, however busy they are.
    pub ends_at: DateTime<Utc>,
}

impl Session {
    /// Whether it is still good, where a session that nobody uses ends after `idle`. One of a station may stand idle.
    pub fn is_good(&self, station: bool, idle: TimeDelta, now: DateTime<Utc>) -> bool {
        now < self.ends_at && (station || now - self.used_at < idle)
    }
}

/// A link that opens once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    /// Whom it lets in; `None` for who sets up the gateway.
    pub person: Option<String>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// From when on it opens nothing.
    pub ends_at: DateTime<Utc>,
}

/// A sign-in that goes on at an OpenID provider, until the browser comes back from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// SHA-256 of the state that comes back.
    pub state: [u8; 32],
    /// SHA-256 of what the browser holds meanwhile.
    pub browser: [u8; 32],
    /// The name of the provider.
    pub provider: String,
    /// What the answer must repeat.
    pub nonce: String,
    /// What proves that the code is asked for by us (PKCE).
    pub verifier: String,
    /// The page that was wanted.
    pub target: String,
    /// From when on it is too late.
    pub ends_at: DateTime<Utc>,
}

/// The token that forms of a signed-in page must bring along, for the pages of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormToken(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back_and_never_shown_by_chance() {
        let token = Token::new([0xa5; 32]);
        let text = token.reveal();
        assert_eq!((Token::parse(&text), text.len()), (Some(token.clone()), 43));
        for wrong in ["", "abc", &text[1..], &format!("{text}A"), &text.replace('p', "+")] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert!(token.form_token() != text && token.form_token() != Token::new([0; 32]).form_token());
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let session = Session {
            digest: [0; 32],
            person: "1".to_owned(),
            made_at: at(0),
            used_at: at(50),
            ends_at: at(100),
        };
        let good = |station, minute| session.is_good(station, TimeDelta::minutes(30), at(minute));
        assert!(good(false, 79) && !good(false, 80));
        assert!(good(true, 99) && !good(true, 100) && !good(false, 100));
    }
}
