//! What is on the wire: EPCIS 1.x XML, 2.0 XML and 2.0 JSON-LD, each to and from the model, never to another form.

pub mod answer;
pub mod audit;
pub mod audit_leaf;
pub mod columns;
pub mod credential;
pub mod defect;
pub mod did;
pub mod directory;
pub mod draft;
pub mod exception_case;
pub mod exception_email;
pub mod exception_notification;
pub mod exception_report;
pub mod findings;
pub mod holds;
pub mod instant;
pub mod invitations;
pub mod json_web_token;
pub mod jsonld;
pub mod orders;
pub mod partner_score;
pub mod partners;
pub mod products;
mod reader;
pub mod receipts;
pub mod records;
pub mod returns;
pub mod rules;
pub mod scans;
pub mod shipments;
pub mod trade_values;
pub mod trial_report;
pub mod values;
pub mod verification;
pub mod wallet;
mod writer;
pub mod x12_856;
pub mod xml;
mod xml_text;

use std::io::Read;
use std::io::Seek;

pub use defect::Defect;
pub use defect::Defects;
pub use defect::Fault;
pub use defect::Place;
pub use defect::Severity;
pub use reader::Limits;
pub use reader::ReadOptions;
pub use reader::Reader;
pub use reader::Reading;
pub(crate) use reader::unreadable;
pub use writer::EpcStyle;
pub use writer::Loss;
pub use writer::WordStyle;
pub use writer::WriteError;
pub use writer::WriteOptions;
pub use writer::Writer;
pub use xml_text::XmlText;

/// Namespace in which we carry what a form has no place for, such as 1.x extensions in no namespace.
pub const CARRIER_NAMESPACE: &str = "urn:epcgate:carried:";

/// Bytes of a document, which may be read twice.
pub trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// A form in which documents are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// EPCIS 1.2 XML, which 1.0 and 1.1 readers understand as far as they go.
    Xml12,
    /// EPCIS 2.0 XML.
    Xml20,
    /// EPCIS 2.0 JSON-LD.
    JsonLd,
}

impl Format {
    /// All forms.
    pub const ALL: [Format; 3] = [Format::Xml12, Format::Xml20, Format::JsonLd];

    /// The name used on the command line: `xml-1.2`, `xml-2.0` or `json-ld`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Xml12 => "xml-1.2",
            Format::Xml20 => "xml-2.0",
            Format::JsonLd => "json-ld",
        }
    }

    /// The form of this name.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The media type it is served with.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Xml12 | Format::Xml20 => "application/xml",
            Format::JsonLd => "application/ld+json",
        }
    }

    /// The usual ending of a file's name, with its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Xml12 | Format::Xml20 => ".xml",
            Format::JsonLd => ".jsonld",
        }
    }

    /// The EPCIS version it belongs to.
    pub fn epcis_version(self) -> &'static str {
        match self {
            Format::Xml12 => "1.2",
            Format::Xml20 | Format::JsonLd => "2.0",
        }
    }
}

/// The two syntaxes that documents come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// XML of any EPCIS version.
    Xml,
    /// JSON.
    Json,
}

impl Syntax {
    /// Tells XML from JSON by the first bytes; `None` where they are neither.
    pub fn detect(head: &[u8]) -> Option<Syntax> {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        match head {
            [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..] => return Some(Syntax::Xml),
            _ => {}
        }
        match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Some(Syntax::Xml),
            Some(b'{' | b'[') => Some(Syntax::Json),
            _ => None,
        }
    }

    /// The syntax of a media type such as `application/xml` or `application/ld+json`; `None` for any other.
    pub fn from_media_type(essence: &str) -> Option<Syntax> {
        match essence.to_ascii_lowercase().as_str() {
            "application/xml" | "text/xml" => Some(Syntax::Xml),
            "application/json" | "application/ld+json" => Some(Syntax::Json),
            _ => None,
        }
    }
}
