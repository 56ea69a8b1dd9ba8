//! Invitations: links by which a partner without an account tries its files, and what is kept of them.

use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use thiserror::Error;

use crate::access::Revocation;

/// What every token begins with, so that it is known for what it is wherever it turns up.
const MARK: &str = "epcinvite_";

/// Its hexadecimal digits: 256 bits.
const SECRET: usize = 64;

/// The last part of an invitation's link: `epcinvite_` and 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationToken(String);

impl InvitationToken {
    /// Random bytes that a token is made of.
    pub const RANDOM: usize = SECRET / 2;

    /// A new token of random bytes.
    pub fn new(random: &[u8; InvitationToken::RANDOM]) -> InvitationToken {
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        InvitationToken(format!("{MARK}{digits}"))
    }

    /// Reads a token; `None` for what has not the form of one.
    pub fn parse(text: &str) -> Option<InvitationToken> {
        let digits = text.strip_prefix(MARK).filter(|digits| digits.len() == SECRET)?;
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        digits.bytes().all(digit).then(|| InvitationToken(text.to_owned()))
    }

    /// What is kept of it: SHA-256 of the whole.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The whole token, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "InvitationToken({MARK}…)")
    }
}

/// What is kept of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its name, which is no secret.
    pub id: String,
    /// The partner invited.
    pub partner: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Who made it.
    pub made_by: String,
    /// From when on it is no longer good.
    pub expires: DateTime<Utc>,
    /// When it was taken back.
    pub revoked: Option<Revocation>,
    /// What may be tried with it.
    pub most: Quota,
    /// What has been tried with it.
    pub used: Quota,
}

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Files.
    pub uploads: u64,
    /// Bytes, uncompressed.
    pub bytes: u64,
}

/// Why an invitation takes no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvitationRefusal {
    /// There is none like it.
    #[error("this invitation is not known here; ask who sent it to you for a new one")]
    Unknown,
    /// Its time is over.
    #[error("this invitation has expired; ask who sent it to you for a new one")]
    Expired,
    /// It was taken back.
    #[error("this invitation was taken back; ask who sent it to you for a new one")]
    Revoked,
    /// No more files may be tried.
    #[error("as many files as this invitation allows have been tried; ask who sent it to you for a new one")]
    Uploads,
    /// No more bytes may be tried.
    #[error("as many bytes as this invitation allows have been tried; ask who sent it to you for a new one")]
    Bytes,
}

impl Invitation {
    /// Whether its page may be seen at this moment.
    pub fn admits(&self, now: DateTime<Utc>) -> Result<(), InvitationRefusal> {
        match () {
            () if self.revoked.is_some() => Err(InvitationRefusal::Revoked),
            () if self.expires <= now => Err(InvitationRefusal::Expired),
            () => Ok(()),
        }
    }

    /// Bytes that one more file may have, of no more than `most`; or why there may be none.
    pub fn room(&self, most: u64, now: DateTime<Utc>) -> Result<u64, InvitationRefusal> {
        self.admits(now)?;
        if self.used.uploads >= self.most.uploads {
            return Err(InvitationRefusal::Uploads);
        }
        match self.most.bytes.saturating_sub(self.used.bytes) {
            0 => Err(InvitationRefusal::Bytes),
            left => Ok(left.min(most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_token_is_read_back_and_not_printed() {
        let token = InvitationToken::new(&[0xa5; InvitationToken::RANDOM]);
        assert_eq!(InvitationToken::parse(token.reveal()), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "InvitationToken(epcinvite_…)");
        let cut = &token.reveal()[..70];
        for wrong in ["", "epcinvite_", cut, &token.reveal().to_uppercase(), &format!("{cut}é")] {
            assert_eq!(InvitationToken::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_invitation_is_bounded() {
        let now = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        let invitation = Invitation {
            id: "i".to_owned(),
            partner: "p".to_owned(),
            made_at: now,
            made_by: "operator".to_owned(),
            expires: now + TimeDelta::days(1),
            revoked: None,
            most: Quota { uploads: 3, bytes: 100 },
            used: Quota { uploads: 2, bytes: 70 },
        };
        let check = |used: (u64, u64), at: DateTime<Utc>, expected| {
            let used = Quota { uploads: used.0, bytes: used.1 };
            assert_eq!(Invitation { used, ..invitation.clone() }.room(50, at), expected);
        };
        check((0, 0), now, Ok(50));
        check((2, 70), now, Ok(30));
        check((3, 70), now, Err(InvitationRefusal::Uploads));
        check((2, 100), now, Err(InvitationRefusal::Bytes));
        check((0, 0), now + TimeDelta::days(1), Err(InvitationRefusal::Expired));
        let revoked = Revocation { at: now, by: "a".to_owned(), why: "sent to another".to_owned() };
        let invitation = Invitation { revoked: Some(revoked), ..invitation };
        assert_eq!(invitation.room(50, now), Err(InvitationRefusal::Revoked));
    }
}
