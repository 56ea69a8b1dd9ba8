//! The names that GS1's JSON-LD context defines, those we add, and what makes a name fit for XML and for a prefix.

use crate::epcis::Name;
use crate::formats::CARRIER_NAMESPACE;

/// The context that we write.
pub(super) const GS1_CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// Prefixes that GS1's context binds; it protects them, so that no document may bind them anew.
pub(super) const GS1_PREFIXES: [(&str, &str); 8] = [
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("cbv", "https://ref.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda:"),
    ("gs1", "https://gs1.org/voc/"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("dcterms", "http://purl.org/dc/terms/"),
];

/// Namespace of `xml:lang` and its like, bound in every XML document.
pub(super) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Members in the namespace of [`CARRIER_NAMESPACE`]: what JSON-LD has no place for.
pub(super) mod carried {
    /// Elements in no namespace, beside members that need one.
    pub(in crate::formats::jsonld) const LOCAL: &str = "local";
    /// The order of elements whose names take turns, as positions in the list of their names.
    pub(in crate::formats::jsonld) const ORDER: &str = "order";
    /// Members whose key is no XML name, as one JSON object.
    pub(in crate::formats::jsonld) const JSON: &str = "json";
    /// Attributes of others on the root element.
    pub(in crate::formats::jsonld) const ATTRIBUTES: &str = "attributes";
    /// The header of a query document.
    pub(in crate::formats::jsonld) const HEADER: &str = "header";
    /// Prefixes that became known behind the events.
    pub(in crate::formats::jsonld) const CONTEXT: &str = "context";
    /// The URL of a context of others, which is kept and not read.
    pub(in crate::formats::jsonld) const CONTEXT_URL: &str = "contextURL";
}

/// The member names that hold what an object of plain members cannot say.
pub(super) const TEXT: &str = "#text";
/// Text and elements in order, as an array: a string, an object of one member, or a JSON value.
pub(super) const CONTENT: &str = "#content";
/// Attributes whose names JSON-LD reserves.
pub(super) const ATTRIBUTES: &str = "#attributes";

/// The full form of a key of ours, for which no prefix need be declared.
pub(super) fn carrier_key(local: &str) -> String {
    format!("{CARRIER_NAMESPACE}{local}")
}

/// The local name of a carrier's name.
pub(super) fn carried_local(name: &Name) -> Option<&str> {
    (*name.namespace == *CARRIER_NAMESPACE).then_some(&*name.local)
}

/// Words that no document may use as a prefix: GS1's context defines them, or they are schemes of URIs.
const RESERVED: [&str; 34] = [
    "action",
    "baseURL",
    "bizLocation",
    "bizStep",
    "children",
    "creationDate",
    "data",
    "did",
    "disposition",
    "epcClass",
    "epcList",
    "eventID",
    "eventTime",
    "file",
    "ftp",
    "http",
    "https",
    "id",
    "ilmd",
    "mailto",
    "member",
    "ni",
    "parentID",
    "quantity",
    "readPoint",
    "receiver",
    "recordTime",
    "sender",
    "tag",
    "type",
    "uom",
    "urn",
    "xml",
    "xmlns",
];

/// True for a prefix that a document must not bind.
pub(super) fn is_reserved_prefix(prefix: &str) -> bool {
    RESERVED.contains(&prefix) || GS1_PREFIXES.iter().any(|(name, _)| *name == prefix)
}

/// True for a scheme that stands in URIs, so that nobody takes it for a prefix that was not declared.
pub(super) fn is_scheme(prefix: &str) -> bool {
    matches!(
        prefix,
        "urn" | "http" | "https" | "tag" | "did" | "data" | "ni" | "mailto" | "file" | "ftp" | "_"
    )
}

/// Keywords of JSON-LD other than `@id` and `@type`, without their `@`.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "base"
            | "container"
            | "context"
            | "direction"
            | "graph"
            | "import"
            | "included"
            | "index"
            | "json"
            | "language"
            | "list"
            | "nest"
            | "none"
            | "prefix"
            | "propagate"
            | "protected"
            | "reverse"
            | "set"
            | "value"
            | "version"
            | "vocab"
    )
}

/// True for a name without a colon that XML allows (Namespaces in XML, NCName).
pub(super) fn is_xml_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic()
        || c == '_'
        || matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
        || begins_name(c)
}

/// Divides a URI behind its last `#`, `/` or `:`; `None` where what follows is no XML name.
pub(super) fn split_uri(uri: &str) -> Option<Name> {
    let at = uri.rfind(['#', '/', ':'])?;
    let (namespace, local) = uri.split_at_checked(at + 1)?;
    is_xml_name(local).then(|| Name::new(namespace, local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Option<(&str, &str)>) {
        assert_eq!(split_uri(uri), expected.map(|(namespace, local)| Name::new(namespace, local)), "{uri}");
    }

    #[test]
    fn divides_uris() {
        check("urn:epcglobal:cbv:mda:lotNumber", Some(("urn:epcglobal:cbv:mda:", "lotNumber")));
        check("http://example.com/a#b", Some(("http://example.com/a#", "b")));
        check("http://example.com/a/b", Some(("http://example.com/a/", "b")));
        check("http://example.com/a/1", None);
        check("http://example.com/", None);
        check("word", None);
    }

    #[test]
    fn knows_xml_names() {
        assert!(is_xml_name("a-b.c_1") && is_xml_name("größe") && is_xml_name("_"));
        assert!(!is_xml_name("") && !is_xml_name("1a") && !is_xml_name("a:b") && !is_xml_name("a b"));
        assert!(!is_xml_name("-a") && !is_xml_name("@a") && !is_xml_name("a\u{d7}"));
    }
}
