//! Passwords: how they are kept (Argon2id, 19 MiB, two passes, one lane), and which are too easy.

use std::collections::HashSet;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Params;
use argon2::Version;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use thiserror::Error;

/// Characters that a password has at least.
pub const LEAST: usize = 12;

/// And at most: a longer one would only cost time.
const MOST: usize = 256;

/// Different characters in it, at least.
const LEAST_DIFFERENT: usize = 5;

/// Bytes of salt.
pub const SALT: usize = 16;

/// Memory in KiB and passes, as OWASP recommends at least.
const COST: (u32, u32) = (19 * 1024, 2);

/// Why a password cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordFault {
    /// It is too short or too long.
    #[error("a password has {LEAST} to {MOST} characters; a sentence is easy to keep in mind")]
    Length,
    /// It is easily guessed.
    #[error("this password is easily guessed: it repeats itself, or is the sign-in name")]
    Easy,
    /// It could not be worked on.
    #[error("the password cannot be kept: {0}")]
    Hash(argon2::password_hash::Error),
}

/// What is kept of a new password for somebody of this sign-in name: a PHC string.
pub fn keep(password: &str, login: &str, salt: &[u8; SALT]) -> Result<String, PasswordFault> {
    if !(LEAST..=MOST).contains(&password.chars().count()) {
        return Err(PasswordFault::Length);
    }
    let different: HashSet<char> = password.chars().collect();
    let name = login.split('@').next().unwrap_or_default().to_lowercase();
    let lower = password.to_lowercase();
    if different.len() < LEAST_DIFFERENT
        || lower == login
        || (name.len() > 3 && lower.replace(&name, "").len() < 6)
    {
        return Err(PasswordFault::Easy);
    }
    let hash = argon().and_then(|argon| argon.hash_password_with_salt(password.as_bytes(), salt));
    hash.map(|hash| hash.to_string()).map_err(PasswordFault::Hash)
}

/// Whether a password is the one that is kept. Where nobody is known by the name, `kept` is `None` and the answer is no, in the
/// same time.
pub fn fits(password: &str, kept: Option<&str>) -> bool {
    // What is worked on in place of a password that is not there.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9i$1T0B0tM2wNfWmZ1eF3x5sQ0m3H0i2J8yqk3m2nE5x7s";
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(NOBODY)) else { return false };
    let fits = argon().is_ok_and(|argon| argon.verify_password(password.as_bytes(), &hash).is_ok());
    fits && kept.is_some()
}

fn argon() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params =
        Params::new(COST.0, COST.1, 1, None).map_err(|_| argon2::password_hash::Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_as_argon2id_and_known_again() {
        let kept = keep("a horse in the rain", "ann@example.com", &[7; SALT]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(fits("a horse in the rain", Some(&kept)));
        for wrong in ["a horse in the rai", "", "A horse in the rain"] {
            assert!(!fits(wrong, Some(&kept)), "{wrong}");
        }
        assert!(!fits("a horse in the rain", None) && !fits("a horse in the rain", Some("plain")));
    }

    #[test]
    fn easy_passwords_are_refused() {
        let kept = |password: &str| keep(password, "annabel@example.com", &[7; SALT]).map(drop);
        assert_eq!(kept("too short"), Err(PasswordFault::Length));
        assert_eq!(kept(&"long ".repeat(60)), Err(PasswordFault::Length));
        assert_eq!(kept("aaaabbbbcccc"), Err(PasswordFault::Easy));
        assert_eq!(kept("annabel@example.com"), Err(PasswordFault::Easy));
        assert_eq!(kept("Annabel12345"), Err(PasswordFault::Easy));
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        assert!(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9i$1T0B0tM2wNfWmZ1eF3x5sQ0m3H0i2J8yqk3m2nE5x7s").is_ok());
    }
}
