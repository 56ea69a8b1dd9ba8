//! The event hash ID: a name that an event has by its content (CBV 2.0 §8.9), equal in every form it is written in.
//!
//! The pre-hash string is that of the published test vectors, those of the reference implementation of GS1 Germany and
//! EECC up to its release 1.9. Where these differ from the text of the standard the vectors win, as partners compare:
//!
//! * `parentID` stands before `epcList`, and `certificationInfo` behind `eventTimeZoneOffset`;
//! * `sensorElementList` comes next after `bizLocation`; then `bizTransactionList`, `destinationList`, `ilmd`, `sourceList`
//!   and the elements of other namespaces, sorted as wholes;
//! * the `type` of a business transaction, source or destination stands before its identifier;
//! * times in elements of other namespaces stay as they were sent;
//! * words of the GS1 web vocabulary are of `https://gs1.org/voc/`.
//!
//! Where the reference goes against the standard and no vector needs it, the standard wins:
//!
//! * times are rounded half up; the reference rounds half to even and fails where the second overflows;
//! * elements of other namespaces in a place or in sensor data follow the fields of what holds them, whatever the end of
//!   their namespace;
//! * only quantities are normalised as numbers. In elements of other namespaces and in texts a number loses the trailing
//!   zeros of its fraction (`23.0` becomes `23`, as in the vectors), but the lot `00123`, `1e3`, `+1` and numbers of many
//!   digits stay, which the reference turns into `123`, `1000`, `1` and something near. Different lots are different events;
//! * the three spellings of the namespace of CBV's master data, `urn:epcglobal:cbv:mda` alone and with `:` or `#`, are one;
//! * `booleanValue` is `true` or `false` in all forms;
//! * attributes of XML Schema (`xsi:type`, `xsi:nil`) and an empty `ilmd` are left out, as only XML can say them;
//! * a repository's list of fields to be ignored is no part of the standard.
//!
//! `recordTime`, `eventID`, the whole of `errorDeclaration` and comments (`rdfs:comment`) are no part of the hash, so that
//! an error declaration has the hash of the event that it declares wrong.

mod assembly;
mod elements;
mod fields;
mod sensors;
mod values;

use sha2::Digest;
use sha2::Sha256;

use crate::epcis::Event;
use crate::epcis::event_id::assembly::Assembly;

/// Makes hashes of events, one after the other, in the same memory.
#[derive(Debug, Default)]
pub struct EventHasher {
    assembly: Assembly,
}

impl EventHasher {
    /// A hasher that has no memory yet.
    pub fn new() -> EventHasher {
        EventHasher::default()
    }

    /// The SHA-256 of the event's pre-hash string.
    pub fn digest(&mut self, event: &Event) -> [u8; 32] {
        Sha256::digest(self.pre_hash(event).as_bytes()).into()
    }

    /// The event hash ID, `ni:///sha-256;…?ver=CBV2.0`.
    pub fn id(&mut self, event: &Event) -> String {
        hash_id(&self.digest(event))
    }

    /// The pre-hash string (CBV 2.0 §8.9.2).
    pub fn pre_hash(&mut self, event: &Event) -> &str {
        self.assembly.clear();
        fields::write(event, &mut self.assembly);
        self.assembly.as_str()
    }
}

/// The pre-hash string of an event (CBV 2.0 §8.9.2).
pub fn pre_hash_string(event: &Event) -> String {
    EventHasher::new().pre_hash(event).to_owned()
}

/// Appends the pre-hash string of an event.
pub fn write_pre_hash(event: &Event, out: &mut String) {
    out.push_str(EventHasher::new().pre_hash(event));
}

/// The event hash ID of an event, `ni:///sha-256;…?ver=CBV2.0` (CBV 2.0 §8.9.1).
pub fn event_hash_id(event: &Event) -> String {
    EventHasher::new().id(event)
}

/// The event hash ID that a digest makes, with the digest in lower-case hexadecimal.
pub fn hash_id(digest: &[u8; 32]) -> String {
    let mut id = String::with_capacity(92);
    id.push_str("ni:///sha-256;");
    for byte in digest {
        for half in [byte >> 4, byte & 15] {
            id.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    id.push_str("?ver=CBV2.0");
    id
}

/// The digest that an event hash ID says, with or without its version; `None` for any other text.
pub fn hash_of(id: &str) -> Option<[u8; 32]> {
    let (hexadecimal, version) = id.strip_prefix("ni:///sha-256;")?.split_at_checked(64)?;
    if !matches!(version, "" | "?ver=CBV2.0") || !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hexadecimal.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests;
