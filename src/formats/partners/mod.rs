//! Lists of trading partners: JSON, which is also how a partner is shown and kept, and CSV.

mod certificate;
mod contact;
mod csv;
mod form;

pub use certificate::CertificateForm;
pub use certificate::certificate;
pub use contact::ContactForm;
pub use form::PartnerForm;

use std::io::Read;

use serde::Deserialize;

use crate::dscsa::TradingPartner;
use crate::formats::Defect;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::records;
use crate::formats::records::Faults;
use crate::formats::records::Syntax;

/// A list of partners in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    partners: Vec<PartnerForm>,
}

/// Reads a list of partners: JSON, `{"partners": […]}` or the array alone, or CSV. What is wrong is in `defects`; with an error
/// nothing of the list should be used.
pub fn read(input: impl Read, syntax: Syntax, defects: &mut Defects) -> Vec<TradingPartner> {
    let rows = match syntax {
        Syntax::Csv => csv::read(input, defects),
        Syntax::X12 => {
            let fault =
                Fault::error("import-form", "X12 has no lists of partners", "send them as JSON or CSV");
            defects.add(fault.at(Place::default(), ""));
            Vec::new()
        }
        Syntax::Json => {
            let list = records::json(input, defects, |bytes| match records::is_array(bytes) {
                true => serde_json::from_slice(bytes),
                false => serde_json::from_slice(bytes).map(|list: List| list.partners),
            });
            records::placed(list.unwrap_or_default(), "partners")
        }
    };
    let mut partners: Vec<TradingPartner> = Vec::new();
    for (place, path, form) in rows {
        let mut faults = Faults::default();
        let partner = form.read(&mut faults);
        records::add(faults, place, &path, defects);
        if partners.iter().any(|other| other.id == partner.id) {
            let message = format!("the partner {:?} is there twice", partner.id);
            let fault = Fault::error("import-twice", message, "leave one of them out");
            defects.add(fault.at(place, path));
        }
        partners.push(partner);
    }
    partners
}

/// What is said of a file whose partners would take an identifier away from others.
pub fn taken(message: &str) -> Defect {
    let fault =
        Fault::error("import-taken", message, "let each GLN, DEA number and HIN belong to one partner");
    fault.at(Place::default(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"partners": [{
        "id": "C-77", "name": "Cedar Hollow Clinic", "roles": ["dispenser"],
        "glns": {"owning": ["urn:epc:id:sgln:9521102.00001.0"], "shipTo": ["9521102000022"]},
        "dea": ["AB1234563"], "hin": ["ABC123456"],
        "licences": [{"authority": "OH", "number": 7, "validFrom": "2025-01-01", "validUntil": "2026-12-31"}],
        "address": {"street": ["1 Mill Road"], "city": "Athens", "state": "OH", "postalCode": "45701", "country": "US"},
        "policy": {"acceptance": "hold-all", "guideline": "R1.3", "form": "xml-2.0",
            "identifiers": "digital-link", "statement": "always", "rules": {"missing-po": "off"}, "withoutLicence": "block"}
    }]}"#;

    const CSV: &str = "Partner ID,Company,Role,GLN,Ship To,DEA,HIN,License State,License Number,License From,License Expires,\
        Address,City,State,ZIP,Country,Acceptance,Guideline,Without License,Format,EPC Format,Statement\n\
        C-77,Cedar Hollow Clinic,dispenser,urn:epc:id:sgln:9521102.00001.0,9521102000022,,,,,,,1 Mill Road,Athens,OH,45701,US,hold-all,r1.3,block,XML-2.0,digital-link,always\n\
        C-77,,,,,AB1234563,ABC123456,OH,7,2025-01-01,12/31/2026,,,,,,,,,,,\n";

    fn all(text: &str, syntax: Syntax) -> (Vec<TradingPartner>, Vec<String>) {
        let mut defects = Defects::new(false);
        let partners = read(text.as_bytes(), syntax, &mut defects);
        (partners, defects.kept().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn both_forms_say_the_same() {
        let (json, said) = all(JSON, Syntax::Json);
        assert_eq!(said, [""; 0]);
        let (mut csv, said) = all(CSV, Syntax::Csv);
        assert_eq!(said, [""; 0]);
        csv[0].policy.rules = json[0].policy.rules.clone();
        assert_eq!(json, csv);
        let glns: Vec<_> = json[0].glns.iter().map(|gln| (gln.gln.to_string(), gln.role.as_str())).collect();
        let expected = [("9521102000015", "owning"), ("9521102000022", "ship-to")];
        assert_eq!(glns, expected.map(|(gln, role)| (gln.to_owned(), role)));
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let contacts = r#""contacts": [{"matter": "technical", "name": "Ann", "email": "ann@partner.example"}], "address""#;
        let (partners, said) = all(&JSON.replace("\"address\"", contacts), Syntax::Json);
        assert_eq!((said.len(), partners[0].contacts.len()), (0, 1), "{said:?}");
        let shown = serde_json::to_string(&[PartnerForm::from(&partners[0])]).unwrap();
        assert_eq!(all(&shown, Syntax::Json), (partners, vec![]));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let check = |text: &str, syntax, expected: &[&str]| {
            let (_, said) = all(text, syntax);
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, expected) in said.iter().zip(expected) {
                assert!(said.contains(expected), "{said}\n{expected}");
            }
        };
        let two = r#"[{"glns": {"owning": ["9521102000016"]}}, {"id": "a", "dea": ["AB1234564"], "policy": {"rules": {"x": "no"}}}]"#;
        check(
            two,
            Syntax::Json,
            &["partners[0].glns.owning[0]", "no name for this partner", "ask for 3", "policy.rules.x"],
        );
        check(
            "{\"partners\": [\n{\"nmae\": 1}]}",
            Syntax::Json,
            &["2:7: error [import-form] unknown field `nmae`"],
        );
        check("id,role\n7,maker\n7,\n", Syntax::Csv, &["2:0: error [import-word]"]);
        check(
            "id,name\n7,A\n8,B\n7,C\n",
            Syntax::Csv,
            &["4:0: error [import-twice] this row says another name than line 2"],
        );
        check(r#"[{"id": "a"}, {"id": "a"}]"#, Syntax::Json, &["there twice"]);
        check(
            r#"[{"id": "a", "contacts": [{"name": "Ann"}], "certificates": [{"purpose": "tls", "pem": "x"}, {"purpose": "y"}],
                "policy": {"identifiers": "digital-link"}}]"#,
            Syntax::Json,
            &["contacts[0]", "certificates[0].pem", "certificates[1].purpose", "URNs alone"],
        );
        check(
            r#"[{"id": "a", "licences": [{"number": "", "validFrom": "2026-01-02", "validUntil": "2026-01-01"}]}]"#,
            Syntax::Json,
            &["ends before it begins", "no licence number"],
        );
    }
}
