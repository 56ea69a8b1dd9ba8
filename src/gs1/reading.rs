//! Reading: the parts of a well-formed identifier, whichever form it was sent in.

use std::borrow::Cow;

use crate::gs1::Flaw;
use crate::gs1::check_digit;
use crate::gs1::percent;
use crate::gs1::percent::Target;
use crate::gs1::scheme::Build;
use crate::gs1::scheme::Scheme;

/// The parts of a key, borrowed from the text they were read from; nothing is allocated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) scheme: Scheme,
    /// The digits the key starts with, check digit and pieces included; of a free key read from a URN, the prefix.
    pub(super) digits: Digits,
    /// What follows within the key, still escaped.
    pub(super) tail: &'a str,
    /// Serial number, lot or extension, still escaped; empty where there is none.
    pub(super) qualifier: &'a str,
    /// Length of the company prefix; 0 in a Digital Link, which does not tell it.
    pub(super) prefix_length: u8,
}

impl Reading<'_> {
    /// Writes the canonical Digital Link path, `/01/…/21/…`; writes nothing for schemes that have none.
    pub(super) fn write_path(&self, out: &mut String) -> bool {
        self.write_path_of(self.scheme, out)
    }

    /// Writes the path of the class this identifier belongs to.
    pub(super) fn write_class_path(&self, out: &mut String) -> bool {
        self.scheme.class().is_some_and(|class| self.write_path_of(class, out))
    }

    /// Gives the digits of the key from the company prefix on, without indicator and check digit.
    pub(super) fn key_body(&self) -> Cow<'_, str> {
        let digits = self.digits.as_str();
        let Some(layout) = self.scheme.layout() else { return Cow::Borrowed("") };
        let end = usize::from(layout.length).saturating_sub(1);
        match layout.build {
            Build::Indicator | Build::Zero => Cow::Borrowed(digits.get(1..end).unwrap_or_default()),
            Build::Straight => Cow::Borrowed(digits.get(..end).unwrap_or_default()),
            Build::Free => {
                let key = format!("{digits}{}", percent::unescape(self.tail));
                Cow::Owned(key.chars().take_while(char::is_ascii_digit).collect())
            }
        }
    }

    fn write_path_of(&self, scheme: Scheme, out: &mut String) -> bool {
        let Some(layout) = scheme.layout() else { return false };
        out.push('/');
        out.push_str(layout.key);
        out.push('/');
        out.push_str(self.digits.as_str());
        if layout.tail.is_some() {
            percent::write(self.tail, Target::Path, out);
        }
        if let Some((qualifier, _)) = layout.qualifier
            && !self.qualifier.is_empty()
        {
            out.push('/');
            out.push_str(qualifier);
            out.push('/');
            percent::write(self.qualifier, Target::Path, out);
        }
        true
    }
}

/// Up to 18 ASCII digits, kept inline.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Digits {
    bytes: [u8; 18],
    length: u8,
}

impl Digits {
    /// Adds digits; refuses other characters and more than fit.
    pub(super) fn push(&mut self, digits: &str) -> Result<(), Flaw> {
        let start = usize::from(self.length);
        let end = start + digits.len();
        let room = self.bytes.get_mut(start..end).ok_or(Flaw::KeyLength { found: end, needed: 18 })?;
        let mut sound = true;
        for (place, digit) in room.iter_mut().zip(digits.bytes()) {
            sound &= digit.is_ascii_digit();
            *place = digit;
        }
        if !sound {
            return Err(Flaw::NotDigits);
        }
        self.length = end as u8;
        Ok(())
    }

    /// Adds the check digit of the digits so far.
    pub(super) fn push_check_digit(&mut self) -> Result<(), Flaw> {
        let digit = check_digit::of(self.as_bytes()).ok_or(Flaw::NotDigits)?;
        let start = usize::from(self.length);
        let place = self.bytes.get_mut(start).ok_or(Flaw::KeyLength { found: start + 1, needed: 18 })?;
        *place = digit;
        self.length += 1;
        Ok(())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}
