//! NoticeKind: what a notice is about, and who hears of it.

use crate::notices::Settings;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Exceptions were opened.
    Exceptions,
    /// Something must be told or answered within hours, or should have been.
    Urgent,
    /// Verifications must still be answered.
    Obligations,
    /// Licences or certificates end.
    Expiry,
    /// A checkpoint of the audit trail.
    Audit,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [NoticeKind; 5] = [
        NoticeKind::Exceptions,
        NoticeKind::Urgent,
        NoticeKind::Obligations,
        NoticeKind::Expiry,
        NoticeKind::Audit,
    ];

    /// The word that settings and lists have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Exceptions => "exceptions",
            NoticeKind::Urgent => "urgent",
            NoticeKind::Obligations => "obligations",
            NoticeKind::Expiry => "expiry",
            NoticeKind::Audit => "audit",
        }
    }

    /// Who hears of it.
    pub fn readers(self, settings: &Settings) -> impl Iterator<Item = &str> {
        let readers = match self {
            NoticeKind::Exceptions => &settings.exceptions,
            NoticeKind::Urgent => &settings.urgent,
            NoticeKind::Obligations => &settings.obligations,
            NoticeKind::Expiry => &settings.expiry,
            NoticeKind::Audit => &settings.audit,
        };
        readers.iter().map(String::as_str)
    }
}
