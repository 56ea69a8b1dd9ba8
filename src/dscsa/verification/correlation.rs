//! CorrelationId: what ties an answer to its request.

use std::fmt;

use uuid::Uuid;
use uuid::Variant;

/// The `corrUUID` of a verification: a UUID of version 4 with hyphens, kept as sent and compared without regard to case
/// (LMS 1.1, section 4).
#[derive(Clone, Debug)]
pub struct CorrelationId {
    text: Box<str>,
    value: Uuid,
}

impl CorrelationId {
    /// The identifier of a request of ours; `random` must be of version 4.
    pub fn new(random: Uuid) -> CorrelationId {
        CorrelationId { text: random.to_string().into(), value: random }
    }

    /// Reads one; `None` for anything but a UUID of version 4 in its hyphenated form.
    pub fn parse(text: &str) -> Option<CorrelationId> {
        let value = (text.len() == 36).then(|| Uuid::try_parse(text).ok())??;
        let random = value.get_version_num() == 4 && value.get_variant() == Variant::RFC4122;
        random.then(|| CorrelationId { text: text.into(), value })
    }

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The UUID, the same for every spelling.
    pub fn uuid(&self) -> Uuid {
        self.value
    }
}

impl PartialEq for CorrelationId {
    fn eq(&self, other: &CorrelationId) -> bool {
        self.value == other.value
    }
}

impl Eq for CorrelationId {}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(CorrelationId::parse(text).is_some(), expected, "{text}");
    }

    #[test]
    fn is_a_hyphenated_uuid_of_version_4() {
        check("7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab", true);
        check("7F8C1D2E-3B4A-4C5D-AE6F-0123456789AB", true);
        check("7f8c1d2e-3b4a-1c5d-8e6f-0123456789ab", false);
        check("7f8c1d2e-3b4a-4c5d-ce6f-0123456789ab", false);
        check("7f8c1d2e3b4a4c5d8e6f0123456789ab", false);
        check("{7f8c1d2e-3b4a-4c5d-8e6f-0123456789ab}", false);
        check("", false);
    }

    #[test]
    fn keeps_its_spelling_and_compares_without_case() {
        let upper = CorrelationId::parse("7F8C1D2E-3B4A-4C5D-AE6F-0123456789AB").unwrap();
        assert_eq!(upper, CorrelationId::new(upper.uuid()));
        assert_eq!(upper.as_str(), "7F8C1D2E-3B4A-4C5D-AE6F-0123456789AB");
    }
}
