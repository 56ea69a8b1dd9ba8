//! The header of a document, and what its root says.

use crate::epcis::Header;
use crate::epcis::SBDH_NAMESPACE;
use crate::epcis::one_spelling;
use crate::formats::CARRIER_NAMESPACE;
use crate::formats::Fault;
use crate::formats::values::shown;
use crate::formats::xml::Version;
use crate::formats::xml::extension;
use crate::formats::xml::fields;
use crate::formats::xml::master_data;
use crate::formats::xml::names::Tag;
use crate::formats::xml::names::XSI;
use crate::formats::xml::sbdh;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::split;

/// Reads the attributes of the root, and judges its version.
pub fn read_root(scan: &mut Scanner, header: &mut Header, version: Option<Version>) -> Scan<()> {
    let declared = scan.scope.declared();
    let declared = declared.filter(|(prefix, space)| !prefix.is_empty() && *space != CARRIER_NAMESPACE);
    header.namespaces.0 =
        declared.map(|(prefix, namespace)| (prefix.into(), one_spelling(namespace).into())).collect();
    for attribute in scan.foreign_attributes()? {
        let name = &attribute.name;
        match (&*name.namespace, &*name.local) {
            ("", "schemaVersion") => header.schema_version = attribute.value.trim().into(),
            ("", "creationDate") => header.creation_date = attribute.value.trim().into(),
            (CARRIER_NAMESPACE, "id") => header.id = Some(attribute.value),
            (XSI, "schemaLocation" | "noNamespaceSchemaLocation") => {}
            _ => header.attributes.push(attribute),
        }
    }
    if header.schema_version.is_empty() {
        scan.tell(missing("schemaVersion"));
    } else if let Some(version) = version
        && header.schema_version.starts_with('2') != (version == Version::V2_0)
    {
        let message =
            format!("schemaVersion {} does not fit the namespace of the root", shown(&header.schema_version));
        scan.tell(Fault::warning("version-mismatch", message, "use the namespace of the version"));
    }
    if header.creation_date.is_empty() {
        scan.tell(missing("creationDate"));
    }
    Ok(())
}

fn missing(attribute: &'static str) -> Fault {
    let rule = if attribute == "creationDate" { "creation-date" } else { "schema-version" };
    Fault::warning(rule, format!("the document has no {attribute}"), format!("add {attribute} to the root"))
}

/// Reads an `EPCISHeader`.
pub fn read(scan: &mut Scanner, header: &mut Header, version: Option<Version>) -> Scan<()> {
    let mut seen = 0;
    let mut found = false;
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::Extension if fields::repeated(scan, tag, &mut seen) => scan.skip()?,
            Tag::Extension => read_extension(scan, header)?,
            Tag::Other if is_sbdh(scan) => {
                if found {
                    let message = "StandardBusinessDocumentHeader stands more than once";
                    scan.tell(Fault::error("duplicate-field", message, "write it once"));
                }
                found = true;
                header.sbdh = sbdh::read(scan)?;
            }
            Tag::Other => {
                judge_element(scan, version);
                extension::push(scan, &mut header.elements)?;
            }
            Tag::EpcisMasterData => {
                tell_misplaced(scan, tag);
                read_master_data(scan, header)?;
            }
            _ => fields::unexpected(scan)?,
        }
    }
    Ok(())
}

fn is_sbdh(scan: &Scanner) -> bool {
    scan.namespace() == SBDH_NAMESPACE && split(scan.qualified()).1 == "StandardBusinessDocumentHeader"
}

/// EPCIS 2.0 has no room for elements of others in its header.
fn judge_element(scan: &mut Scanner, version: Option<Version>) {
    let message = match version {
        Some(Version::V2_0) => format!("the header of EPCIS 2.0 has no room for {}", shown(scan.qualified())),
        _ if scan.namespace().is_empty() => format!("{} is no part of the header", shown(scan.qualified())),
        _ => return,
    };
    scan.tell(Fault::warning("header-element", message, "carry it elsewhere"));
}

fn tell_misplaced(scan: &mut Scanner, tag: Tag) {
    let message = format!("{} does not stand where the schema wants it", tag.name());
    scan.tell(Fault::warning("misplaced-element", message, "put it in EPCISHeader/extension"));
}

/// Reads `EPCISHeader/extension`, which is the same in all versions.
fn read_extension(scan: &mut Scanner, header: &mut Header) -> Scan<()> {
    scan.judge_attributes(&[])?;
    let mut seen = 0;
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::EpcisMasterData if fields::repeated(scan, tag, &mut seen) => scan.skip()?,
            Tag::EpcisMasterData => read_master_data(scan, header)?,
            Tag::Extension => read_inner_extension(scan, header)?,
            _ => header.elements.push(extension::element(scan)?),
        }
    }
    Ok(())
}

/// Elements in no namespace stand here, and in 2.0 what our writers carry of other namespaces.
fn read_inner_extension(scan: &mut Scanner, header: &mut Header) -> Scan<()> {
    scan.judge_attributes(&[])?;
    scan.free += 1;
    while let Some(tag) = scan.child()? {
        if tag == Tag::HeaderElements {
            extension::push_children(scan, &mut header.elements)?;
        } else {
            header.elements.push(extension::element(scan)?);
        }
    }
    scan.free -= 1;
    Ok(())
}

fn read_master_data(scan: &mut Scanner, header: &mut Header) -> Scan<()> {
    while let Some(tag) = scan.child()? {
        match tag {
            Tag::VocabularyList => master_data::read_list(scan, &mut header.master_data)?,
            Tag::Extension => extension::push_children(scan, &mut header.elements)?,
            _ => fields::unexpected(scan)?,
        }
    }
    Ok(())
}
