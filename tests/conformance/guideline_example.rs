//! The GS1 US guideline's own example through all three forms, with everything in it.

use epcgate::formats::Format;
use epcgate::formats::WriteOptions;

use crate::corpus::corpus;
use crate::reading::read;
use crate::reading::read_file;
use crate::reading::write;

/// Its path in the corpus.
pub const EXAMPLE: &str =
    "openepcis-test-resources/1.2/EPCIS/XML/Capture/Documents/GS1_US_Pharma_Example_2_2_1_1.xml";

#[test]
fn goes_from_xml_1_2_to_json_ld_to_xml_2_0_and_back() {
    let original = read_file(&corpus().join(EXAMPLE));
    assert_eq!(original.errors, 0, "{:?}", original.defects.first());
    let mut step = read_file(&corpus().join(EXAMPLE));
    for format in [Format::JsonLd, Format::Xml20, Format::Xml12] {
        let (bytes, losses) = write(format, &step, WriteOptions::new()).unwrap();
        assert!(losses.is_empty(), "{}: {losses:?}", format.name());
        step = read(bytes);
        assert_eq!(step.errors, 0, "{}: {:?}", format.name(), step.defects.first());
        assert_eq!(step.events, original.events, "{}", format.name());
        assert_eq!(step.hashes(), original.hashes(), "{}", format.name());
        assert_eq!(step.header.sbdh, original.header.sbdh, "{}", format.name());
        assert_eq!(step.header.master_data, original.header.master_data, "{}", format.name());
        assert_eq!(step.header.elements, original.header.elements, "{}", format.name());
    }
    let statement =
        step.header.elements.iter().find(|e| &*e.name.local == "dscsaTransactionStatement").unwrap();
    assert_eq!(statement.child("affirmTransactionStatement").and_then(|e| e.text()), Some("true"));
    assert_eq!(step.header.sbdh.unwrap().instance_identifier(), Some("1100220001"));
    assert_eq!(step.header.master_data.len(), 2);
}
