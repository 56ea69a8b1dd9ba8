//! What a partner wants to be sent: the form of documents, and the spelling of identifiers in them.

/// The form of documents that a partner reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentForm {
    /// EPCIS 1.2 XML, which every partner reads.
    #[default]
    Xml1_2,
    /// EPCIS 2.0 XML.
    Xml2_0,
    /// EPCIS 2.0 JSON-LD.
    JsonLd,
}

/// How identifiers are spelt in documents for a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentifierForm {
    /// EPC URNs, which every partner reads.
    #[default]
    Urn,
    /// GS1 Digital Link URIs; not in 1.2, whose readers know URNs alone.
    DigitalLink,
}

/// When a transaction statement goes with a shipment to a partner, and in which words (21 U.S.C. 360eee(27)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementPolicy {
    /// When.
    pub occasion: StatementOccasion,
    /// The notice agreed with it; `None` for the one of the settings.
    pub notice: Option<Box<str>>,
}

/// When a transaction statement goes with a shipment. It is never left out where the owner changes, as the law asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatementOccasion {
    /// Where the owner changes.
    #[default]
    OwnerChanges,
    /// With every shipment, also where only the place changes.
    Always,
}

impl DocumentForm {
    /// Every form.
    pub const ALL: [DocumentForm; 3] = [DocumentForm::Xml1_2, DocumentForm::Xml2_0, DocumentForm::JsonLd];

    /// `xml-1.2`, `xml-2.0` or `json-ld`.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentForm::Xml1_2 => "xml-1.2",
            DocumentForm::Xml2_0 => "xml-2.0",
            DocumentForm::JsonLd => "json-ld",
        }
    }
}

impl IdentifierForm {
    /// Every spelling.
    pub const ALL: [IdentifierForm; 2] = [IdentifierForm::Urn, IdentifierForm::DigitalLink];

    /// `urn` or `digital-link`.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentifierForm::Urn => "urn",
            IdentifierForm::DigitalLink => "digital-link",
        }
    }
}

impl StatementOccasion {
    /// Every word.
    pub const ALL: [StatementOccasion; 2] = [StatementOccasion::OwnerChanges, StatementOccasion::Always];

    /// `owner-changes` or `always`.
    pub fn as_str(self) -> &'static str {
        match self {
            StatementOccasion::OwnerChanges => "owner-changes",
            StatementOccasion::Always => "always",
        }
    }
}
