//! The lookup directory in files: JSON, which is also how a record is shown, and CSV.

mod csv;
mod form;

use std::collections::HashMap;
use std::io::Read;

use serde::Deserialize;

use crate::dscsa::verification::DirectoryRecord;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::records;
use crate::formats::records::Faults;
use crate::formats::records::Syntax;

pub use csv::write_csv;
pub use form::RecordForm;
pub use form::write_json;

/// A directory in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    records: Vec<RecordForm>,
}

/// A directory as it was read: records, and where in the file each stands.
#[derive(Debug, Default)]
pub struct DirectoryFile {
    /// The records, in the order of the file.
    pub records: Vec<DirectoryRecord>,
    places: Vec<(Place, String)>,
}

impl DirectoryFile {
    /// What is wrong with the record of this number, at its place.
    pub fn defect(&self, record: usize, fault: Fault) -> Defect {
        let (place, path) = self.places.get(record).cloned().unwrap_or_default();
        fault.at(place, path)
    }

    /// What is said of a record that is for the same packages as one that is kept.
    pub fn kept(&self, record: usize, other: &DirectoryRecord) -> Defect {
        let which = format!("the record {}", other.id());
        match self.records.get(record) {
            Some(own) => self.defect(record, overlap(own, other, &which)),
            None => overlap(other, other, &which).at(Place::default(), ""),
        }
    }

    /// What is said of a record of this name that is older than what is kept of it.
    pub fn older(&self, id: &str) -> Defect {
        let at = self.records.iter().position(|record| record.id() == id).unwrap_or(usize::MAX);
        let message = format!("the record {id} was changed here later than in this file, and stays as it is");
        self.defect(at, Fault::warning("directory-older", message, "send one with a later time in modified"))
    }

    /// Where the record of this number stands, in words.
    fn place(&self, record: usize) -> String {
        match self.places.get(record) {
            Some((place, _)) if place.line > 0 => format!("that of line {}", place.line),
            Some((_, path)) => path.clone(),
            None => String::new(),
        }
    }
}

/// Reads a directory: JSON, `{"records": […]}` or the array alone, or CSV. What is wrong is in `defects`, overlapping expiry
/// dates too; with an error nothing of the file should be used.
pub fn read(input: impl Read, syntax: Syntax, defects: &mut Defects) -> DirectoryFile {
    let rows = match syntax {
        Syntax::Csv => csv::read(input, defects),
        Syntax::X12 => {
            let fault = Fault::error("import-form", "X12 has no lookup directory", "send it as JSON or CSV");
            defects.add(fault.at(Place::default(), ""));
            Vec::new()
        }
        Syntax::Json => {
            let list = records::json(input, defects, |bytes| match records::is_array(bytes) {
                true => serde_json::from_slice(bytes),
                false => serde_json::from_slice(bytes).map(|list: List| list.records),
            });
            records::placed(list.unwrap_or_default(), "records")
        }
    };
    let mut file = DirectoryFile::default();
    for (place, path, form) in rows {
        let mut faults = Faults::default();
        let record = form.read(&mut faults);
        records::add(faults, place, &path, defects);
        if let Some(record) = record {
            file.records.push(record);
            file.places.push((place, path));
        }
    }
    for (at, other) in overlaps(&file.records) {
        if let (Some(record), Some(before)) = (file.records.get(at), file.records.get(other)) {
            defects.add(file.defect(at, overlap(record, before, &file.place(other))));
        }
    }
    file
}

/// Every record, by its place, that is for the same packages as an earlier one, with that one.
pub fn overlaps(all: &[DirectoryRecord]) -> Vec<(usize, usize)> {
    let mut by_scope: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (at, record) in all.iter().enumerate() {
        by_scope.entry((record.scope.digits(), &record.context)).or_default().push(at);
    }
    let mut found = Vec::new();
    for mut places in by_scope.into_values() {
        // In the order of their beginnings, each need only be compared with the one before that ends last.
        places.sort_by_key(|at| all.get(*at).map(|record| (record.starts, *at)));
        let mut last: Option<usize> = None;
        for at in places {
            let Some(record) = all.get(at).filter(|record| record.active) else { continue };
            let before = last.and_then(|last| all.get(last).map(|before| (last, before)));
            match before {
                Some((other, before)) if record.overlaps(before) => {
                    found.push((at.max(other), at.min(other)))
                }
                _ => {}
            }
            let ends_later = |before: &DirectoryRecord| match (record.ends, before.ends) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(end), Some(other)) => end > other,
            };
            if before.is_none_or(|(_, before)| ends_later(before)) {
                last = Some(at);
            }
        }
    }
    found.sort_unstable();
    found
}

/// What is said of a record that is for the same packages as another.
fn overlap(record: &DirectoryRecord, other: &DirectoryRecord, which: &str) -> Fault {
    let message = format!(
        "the record for {}{} overlaps {which}, which is for {}",
        record.scope.digits(),
        context(record),
        window(other)
    );
    let fix = "let each expiry date belong to one record, or make one of them inactive";
    Fault::error("directory-overlap", message, fix)
}

fn context(record: &DirectoryRecord) -> String {
    if record.context.is_empty() { String::new() } else { format!(" ({})", record.context) }
}

/// The expiry dates a record is for, in words.
pub fn window(record: &DirectoryRecord) -> String {
    match (record.starts, record.ends) {
        (None, None) => "every expiry date".to_owned(),
        (Some(first), None) => format!("expiry dates from {first}"),
        (None, Some(last)) => format!("expiry dates until {last}"),
        (Some(first), Some(last)) => format!("expiry dates from {first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"records": [
        {"gtin": "00300010123455", "startExpDate": "2027-01-01", "endExpDate": "2027-12-31", "context": "dscsaSaleableReturn",
         "responderGLN": "0300010000008", "provider": "north", "url": "https://vrs.north.example/api/", "status": "inactive",
         "source": "north", "modified": "2026-11-01T10:00:00Z",
         "contact": {"name": "Cedar", "email": "a@cedar.example", "phone": "+1 555 0100", "portal": "https://cedar.example"}},
        {"companyPrefix": "030001"}
    ]}"#;

    const CSV: &str = "GTIN;Company prefix;startExpDate;endExpDate;context;Responder GLN;connector;verify URL;status;source;\
        modified;contact name;email;phone;portal\n\
        300010123455;;01/01/2027;20271231;dscsaSaleableReturn;0300010000008;north;https://vrs.north.example/api;Inactive;north;\
        2026-11-01T11:00:00+01:00;Cedar;a@cedar.example;'+1 555 0100;https://cedar.example\n\
        ;030001;;;;;;;;;;;;;\n";

    fn all(text: &str, syntax: Syntax) -> (Vec<DirectoryRecord>, Vec<String>) {
        let mut defects = Defects::new(false);
        let found = read(text.as_bytes(), syntax, &mut defects).records;
        (found, defects.kept().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn both_forms_say_the_same_and_are_read_again_as_written() {
        let (json, said) = all(JSON, Syntax::Json);
        assert_eq!(said, [""; 0]);
        let (csv, said) = all(CSV, Syntax::Csv);
        assert_eq!(said, [""; 0]);
        assert_eq!(json, csv);
        assert_eq!(&*json[0].url, "https://vrs.north.example/api");
        let forms: Vec<RecordForm> = json.iter().map(RecordForm::from).collect();
        assert_eq!(all(&serde_json::to_string(&forms).unwrap(), Syntax::Json), (json.clone(), vec![]));
        let mut list = Vec::new();
        write_json::<std::io::Error>(&mut list, json.iter().cloned().map(Ok)).unwrap();
        assert_eq!(all(&String::from_utf8(list).unwrap(), Syntax::Json), (json.clone(), vec![]));
        let mut table = Vec::new();
        write_csv::<std::io::Error>(&mut table, json.iter().cloned().map(Ok)).unwrap();
        assert_eq!(all(&String::from_utf8(table).unwrap(), Syntax::Csv), (json, vec![]));
    }

    fn check(rows: &str, expected: &[&str]) {
        let text = format!("gtin,company prefix,start,end,context,responder,url,modified\n{rows}");
        let (_, said) = all(&text, Syntax::Csv);
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "{said}\n{expected}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        check(",,,,,,,\n00300010123455,,,,,,,\n", &[]);
        check("00300010123456,,,,,,,\n", &["2:0: error [import-gtin]"]);
        check(
            ",,,,,0300010000008,,\n",
            &["2:0: error [import-missing] there is no GTIN and no company prefix"],
        );
        check("00300010123455,030001,,,,,,\n", &["both"]);
        check(",03000A,,,,,,\n", &["4 to 12 digits"]);
        check("00300010123455,,2027-02-01,2027-01-31,,,,\n", &["ends before it begins"]);
        check("00300010123455,,271231,,,,,\n", &["no date"]);
        check("00300010123455,,,,a b,,,\n", &["context"]);
        check("00300010123455,,,,,0300010000001,,\n", &["2:0: warning [directory-gln]"]);
        check("00300010123455,,,,,030001000000,,\n", &["13 digits"]);
        for url in
            ["http://a.example", "https://", "https://u:p@a.example", "https://a.example/?x=1", "ftp://a"]
        {
            check(&format!("00300010123455,,,,,,{url},\n"), &["[directory-url]"]);
        }
        check("00300010123455,,,,,,,yesterday\n", &["modified"]);
    }

    #[test]
    fn overlapping_windows_are_named() {
        check(
            "00300010123455,,2027-01-01,2027-12-31,,,,\n00300010123455,,2027-12-31,,,,,\n",
            &["3:0: error [directory-overlap] the record for 00300010123455 overlaps that of line 2"],
        );
        check("00300010123455,,,2027-12-31,,,,\n00300010123455,,2028-01-01,,,,,\n", &[]);
        check("00300010123455,,,,,,,\n00300010123455,,,,a,,,\n", &[]);
        check(
            "00300010123455,,,,,,,\n00300010123455,,2027-01-01,2027-01-02,,,,\n00300010123455,,2028-01-01,2028-01-02,,,,\n",
            &["3:0", "4:0"],
        );
    }
}
