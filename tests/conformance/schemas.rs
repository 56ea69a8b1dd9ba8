//! GS1's own schemas as judges: xmllint for XML, the JSON schema with formats enforced.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use epcgate::epcis::DocumentKind;
use epcgate::formats::Format;
use jsonschema::Validator;
use serde_json::Value;

use crate::corpus::corpus;

/// The XSD that judges a document of this kind and version.
pub fn xsd(format: Format, kind: DocumentKind) -> PathBuf {
    let version = if format == Format::Xml12 { "1_2" } else { "2_0" };
    let folder = format!("gs1-EPCIS/schemas/xsd-{}", version.replace('_', "."));
    let name = match kind {
        DocumentKind::QueryDocument => format!("EPCglobal-epcis-query-{version}.xsd"),
        DocumentKind::MasterData => format!("EPCglobal-epcis-masterdata-{version}.xsd"),
        DocumentKind::Document | DocumentKind::Event | DocumentKind::EventList => {
            format!("EPCglobal-epcis-{version}.xsd")
        }
    };
    corpus().join(folder).join(name)
}

/// Judges many files against one XSD in one run; gives what is wrong by file name.
pub fn xmllint(schema: &Path, files: &[PathBuf]) -> BTreeMap<String, String> {
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    for files in files.chunks(200) {
        let output = Command::new("xmllint")
            .args(["--nonet", "--noout", "--huge", "--schema"])
            .arg(schema)
            .args(files)
            .output()
            .expect("xmllint is not installed; tests/run installs it");
        let said = String::from_utf8_lossy(&output.stderr);
        let validated = said.lines().filter(|line| line.ends_with(" validates")).count();
        // A message may go over several lines; only those that name a file begin one.
        let named =
            |line: &str| files.iter().find(|file| line.starts_with(&*file.to_string_lossy())).cloned();
        for line in
            said.lines().filter(|line| !line.ends_with(" validates") && !line.ends_with(" fails to validate"))
        {
            let Some(file) = named(line) else { continue };
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let told = wrong.entry(name).or_default();
            if told.len() < 900 {
                told.push_str(&line[file.to_string_lossy().len()..]);
                told.push_str("; ");
            }
        }
        assert!(validated + wrong.len() >= files.len(), "xmllint did not judge every file: {said}");
    }
    wrong
}

/// GS1's JSON schema with `format` enforced.
pub fn json_schema() -> Validator {
    let text =
        std::fs::read_to_string(corpus().join("gs1-EPCIS/schemas/json/EPCIS-JSON-Schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap()
}
