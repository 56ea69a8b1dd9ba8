//! Products: catalogues in and out, look-ups with provenance; in the store, over HTTP and on the command line.

use std::path::Path;
use std::process::Command;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::KnownProduct;
use epcgate::dscsa::ProductField;
use epcgate::dscsa::ProductKey;
use epcgate::dscsa::ProductSource;
use epcgate::formats::products::CatalogueReader;
use epcgate::formats::products::ImportReport;
use epcgate::store::ProductFilter;
use epcgate::store::Store;
use serde_json::Value;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres::on_each_database;

const UNIT: &str = "00352999101306";
const CASE: &str = "50352999101301";
const PARTNER: &str = "9521101000016";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/products").join(name)).unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn import(store: &Store, source: &ProductSource, name: &str, second: i64) -> ImportReport {
    let bytes = fixture(name);
    let reader = CatalogueReader::open(bytes.as_slice(), None).unwrap();
    store.import_products(&Caller::operator(), (source, name), reader, at(second)).unwrap()
}

fn counts(report: &ImportReport) -> [u64; 4] {
    [report.added, report.changed, report.unchanged, report.refused]
}

fn find(store: &Store, text: &str) -> Vec<KnownProduct> {
    store.find_products(&Caller::operator(), &ProductKey::parse(text).unwrap()).unwrap()
}

fn one(store: &Store, text: &str) -> KnownProduct {
    let mut found = find(store, text);
    assert_eq!(found.len(), 1, "{text}: {found:#?}");
    found.remove(0)
}

/// A value and the name of its source.
fn told(known: &KnownProduct, field: ProductField) -> (String, String) {
    let source = known.origin(field).map(|origin| origin.source.name().into_owned()).unwrap_or_default();
    (known.product.value(field).unwrap_or_default().into_owned(), source)
}

fn check(known: &KnownProduct, field: ProductField, value: &str, source: &str) {
    assert_eq!(told(known, field), (value.to_owned(), source.to_owned()), "{field:?}");
}

#[test]
fn the_same_file_again_changes_nothing() {
    on_each_database("products_again", |store| {
        let source = ProductSource::Operator;
        assert_eq!(counts(&import(store, &source, "catalogue.csv", 0)), [4, 0, 0, 0]);
        let before = one(store, UNIT);
        assert_eq!(counts(&import(store, &source, "catalogue.csv", 9)), [0, 0, 4, 0]);
        assert_eq!(one(store, UNIT), before);
        assert_eq!(before.origin(ProductField::Strength).unwrap().line, 2);
        assert_eq!(before.origin(ProductField::Strength).unwrap().at, at(0));
        for name in ["product.txt", "package.txt"] {
            let first = import(store, &source, name, 10);
            assert_eq!((first.changed, first.unchanged, first.refused), (0, 0, 0), "{name}");
            let again = import(store, &source, name, 11);
            assert_eq!(counts(&again), [0, 0, first.added, 0], "{name}");
        }
    });
}

#[test]
fn each_fault_has_its_line_and_column() {
    on_each_database("products_faults", |store| {
        let report = import(store, &ProductSource::Operator, "faulty.csv", 0);
        assert_eq!(counts(&report), [1, 0, 0, 6]);
        let told: Vec<(u64, &str, &str)> =
            report.faults.iter().map(|fault| (fault.line, fault.column.as_str(), fault.rule)).collect();
        assert_eq!(
            told,
            [
                (3, "gtin", "gtin-malformed"),
                (4, "gtin", "gtin-malformed"),
                (5, "ndc", "ndc-ambiguous"),
                (6, "level", "level-unknown"),
                (6, "units_per_case", "count-malformed"),
                (7, "", "identifier-missing"),
                (8, "", "product-repeated"),
            ]
        );
        check(&one(store, UNIT), ProductField::ProprietaryName, "Lumarexin", "operator");
    });
}

#[test]
fn the_operator_stands_over_partners_and_they_over_the_directory() {
    on_each_database("products_precedence", |store| {
        import(store, &ProductSource::Operator, "package.txt", 0);
        import(store, &ProductSource::Operator, "product.txt", 1);
        let known = one(store, UNIT);
        check(&known, ProductField::Ndc, "52999-101-30", "fda-ndc");
        check(&known, ProductField::Strength, "10 mg/1", "fda-ndc");
        check(&known, ProductField::Manufacturer, "Alder Point Therapeutics \u{2013} Durham", "fda-ndc");
        assert_eq!(&*known.origin(ProductField::Strength).unwrap().place, "product.txt");
        assert_eq!(&*known.origin(ProductField::ContainerSize).unwrap().place, "package.txt");
        import(store, &ProductSource::Partner(PARTNER.into()), "partner.json", 2);
        let known = one(store, UNIT);
        check(&known, ProductField::Strength, "10 milligram", "partner:9521101000016");
        check(&known, ProductField::DosageForm, "TABLET, FILM COATED", "fda-ndc");
        import(store, &ProductSource::Operator, "catalogue.csv", 3);
        let known = one(store, UNIT);
        check(&known, ProductField::Strength, "10 mg", "operator");
        assert_eq!(known.statements.len(), 4, "{known:#?}");
    });
}

#[test]
fn products_are_found_at_each_level_and_by_each_form_of_the_ndc() {
    on_each_database("products_levels", |store| {
        import(store, &ProductSource::Operator, "catalogue.csv", 0);
        for text in ["52999-101-30", "52999-0101-30", "52999010130", "052999-0101-30", "5299910130"] {
            let found: Vec<String> =
                find(store, text).iter().map(|known| known.product.gtin.unwrap().to_string()).collect();
            assert_eq!(found, [UNIT, CASE], "{text}");
        }
        let case = one(store, "urn:epc:id:sgtin:0352999.510130.1");
        check(&case, ProductField::UnitsPerCase, "12", "operator");
        // A case that tells no more than its unit.
        let case = one(store, "19521101000013");
        check(&case, ProductField::Ndc, "52999-202-10", "operator");
        check(&case, ProductField::ContainerSize, "10 mL", "operator");
        check(&case, ProductField::Level, "case", "operator");
        // A level that no catalogue has: the digits of the NDC lead to the unit.
        let inner = one(store, "10352999101303");
        check(&inner, ProductField::ProprietaryName, "Lumarexin", "operator");
        check(&inner, ProductField::Level, "", "");
        assert!(find(store, "00614141123452").is_empty());
        assert!(find(store, "52999-101-31").is_empty());
    });
}

#[test]
fn digits_that_two_codes_share_are_never_guessed() {
    on_each_database("products_shared", |store| {
        import(store, &ProductSource::Operator, "product.txt", 0);
        import(store, &ProductSource::Operator, "package.txt", 0);
        let known = one(store, "00352999303014");
        assert_eq!(told(&known, ProductField::Ndc), (String::new(), String::new()));
        let possible: Vec<String> = known.possible_ndcs.iter().map(ToString::to_string).collect();
        assert_eq!(possible, ["52999-303-01", "52999-3030-1"]);
        assert_eq!(find(store, "52999-303-01").len(), 1);
        // Somebody tells: the directory's other entry is another product's.
        let told_by = "gtin,ndc\n00352999303014,52999-3030-1\n";
        let reader = CatalogueReader::open(told_by.as_bytes(), None).unwrap();
        store
            .import_products(&Caller::operator(), (&ProductSource::Operator, "told.csv"), reader, at(1))
            .unwrap();
        let known = one(store, "00352999303014");
        check(&known, ProductField::Ndc, "52999-3030-1", "operator");
        check(&known, ProductField::ProprietaryName, "Oselane Cream", "fda-ndc");
        assert!(known.possible_ndcs.is_empty());
    });
}

#[test]
fn lists_are_paged_and_searched() {
    on_each_database("products_lists", |store| {
        for name in ["catalogue.csv", "product.txt", "package.txt"] {
            import(store, &ProductSource::Operator, name, 0);
        }
        let list =
            |search: &str, source: &str, after: Option<&str>, limit| -> (Vec<String>, Option<String>) {
                let filter = ProductFilter { search: search.to_owned(), source: source.to_owned() };
                let page = store.products(&Caller::operator(), &filter, after, limit).unwrap();
                let gtins = page.products.iter().map(|known| known.product.gtin.unwrap().to_string());
                (gtins.collect(), page.next)
            };
        let all = list("", "", None, 100).0;
        assert_eq!(all.len(), 7, "{all:?}");
        let (first, next) = list("", "", None, 5);
        let (second, end) = list("", "", next.as_deref(), 5);
        assert_eq!(([first, second].concat(), end), (all, None));
        assert_eq!(list("TARNIVEL", "", None, 9).0, ["00352999303014"]);
        assert_eq!(list("52999-101-3", "", None, 9).0, [UNIT, CASE]);
        assert_eq!(list("lumarexin", "fda-ndc", None, 9).0, [UNIT, "00352999101504"]);
        assert!(list("10%", "", None, 9).0.is_empty());
    });
}

#[test]
fn what_is_exported_is_imported_without_change() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let epcgate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_epcgate"))
            .arg("products")
            .args(arguments)
            .args(["--data-dir", data.to_str().unwrap()])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/products"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, text) = epcgate(&["import", "catalogue.csv"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("columns not read: Price") && text.contains("4 added"), "{text}");
    for form in ["csv", "json"] {
        let (_, exported) = epcgate(&["export", "--to", form]);
        let file = folder.path().join(form);
        std::fs::write(&file, exported).unwrap();
        let (status, text) = epcgate(&["import", file.to_str().unwrap(), "--output", "json"]);
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &report["unchanged"], &report["changed"]), (Some(0), &4.into(), &0.into()));
    }
    let (status, text) = epcgate(&["import", "faulty.csv"]);
    assert_eq!(status, Some(1));
    assert!(text.contains("faulty.csv: line 5, column ndc: the NDC \"5299910130\" may be three"), "{text}");
    let (status, text) = epcgate(&["show", "52999-202-10"]);
    assert_eq!(status, Some(0));
    assert!(
        text.contains("Cedravan") && text.contains("from the operator's catalogue, catalogue.csv line 4")
    );
    let (status, text) = epcgate(&["list", "cedra"]);
    assert_eq!((status, text.lines().count()), (Some(0), 1), "{text}");
    assert_eq!(epcgate(&["show", "00614141123452"]).0, Some(1));
}

#[test]
fn products_are_imported_and_asked_for_over_http() {
    let gateway = TestGateway::start();
    let send = |query: &str, name: &str| {
        gateway.post(&format!("/api/v1/products{query}"), "text/csv", fixture(name)).send().unwrap()
    };
    let report: Value = send("?name=ours.csv", "catalogue.csv").json().unwrap();
    assert_eq!((&report["added"], &report["ignored"][0]), (&4.into(), &"Price".into()));
    let report: Value = send("?partner=9521101000016", "partner.json").json().unwrap();
    assert_eq!(report["added"], 2);
    let report: Value = send("?partner=9521101000016", "faulty.csv").json().unwrap();
    assert_eq!((&report["refused"], &report["faults"][0]["line"]), (&6.into(), &3.into()));
    let found: Value = gateway.get("/api/v1/products/52999-0101-30").send().unwrap().json().unwrap();
    let unit = &found["products"][0];
    assert_eq!(unit["gtin"], UNIT);
    assert_eq!(unit["ndc_forms"]["twelve_digits"], "052999-0101-30");
    assert_eq!(unit["origins"]["dosage_form"]["place"], "ours.csv");
    let answer = gateway.get("/api/v1/products?perPage=2&source=operator").send().unwrap();
    assert!(header(&answer, "link").contains("nextPageToken"));
    let listed: Value = answer.json().unwrap();
    assert_eq!(listed["products"].as_array().unwrap().len(), 2);
    for (answer, status) in [
        (gateway.get("/api/v1/products/00614141123452").send().unwrap(), 404),
        (gateway.get("/api/v1/products/5299-1").send().unwrap(), 404),
        (gateway.get("/api/v1/products?colour=red").send().unwrap(), 400),
        (send("?form=xml", "catalogue.csv"), 400),
        (send("?partner=1", "catalogue.csv"), 400),
        (gateway.post("/api/v1/products", "text/csv", "colour\nred\n").send().unwrap(), 400),
    ] {
        let failure = failure(answer);
        assert_eq!(failure.0, status, "{failure:?}");
    }
}

#[test]
fn documents_teach_products_with_their_sender() {
    let gateway = TestGateway::start();
    let document = |name: &str| {
        format!(
            "<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" schemaVersion=\"1.2\" \
             xmlns:sbdh=\"http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader\" \
             creationDate=\"2026-03-05T18:00:00Z\"><EPCISHeader><sbdh:StandardBusinessDocumentHeader>\
             <sbdh:HeaderVersion>1.0</sbdh:HeaderVersion><sbdh:Sender><sbdh:Identifier Authority=\"GS1\">\
             urn:epc:id:sgln:9521101.00001.0</sbdh:Identifier></sbdh:Sender><sbdh:Receiver>\
             <sbdh:Identifier Authority=\"GS1\">urn:epc:id:sgln:9521102.00001.0</sbdh:Identifier></sbdh:Receiver>\
             <sbdh:DocumentIdentification><sbdh:Standard>EPCglobal</sbdh:Standard><sbdh:TypeVersion>1.0\
             </sbdh:TypeVersion><sbdh:InstanceIdentifier>{name}</sbdh:InstanceIdentifier><sbdh:Type>Events\
             </sbdh:Type><sbdh:CreationDateAndTime>2026-03-05T18:00:00Z</sbdh:CreationDateAndTime>\
             </sbdh:DocumentIdentification></sbdh:StandardBusinessDocumentHeader><extension><EPCISMasterData>\
             <VocabularyList><Vocabulary type=\"urn:epcglobal:epcis:vtype:EPCClass\"><VocabularyElementList>\
             <VocabularyElement id=\"urn:epc:idpat:sgtin:0352999.010130.*\">\
             <attribute id=\"urn:epcglobal:cbv:mda#regulatedProductName\">{name}</attribute></VocabularyElement>\
             </VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData></extension></EPCISHeader>\
             <EPCISBody><EventList><ObjectEvent><eventTime>2026-03-04T06:00:00Z</eventTime>\
             <eventTimeZoneOffset>-05:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:0352999.010130.{name}\
             </epc></epcList><action>OBSERVE</action></ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"
        )
    };
    let job = gateway.captured("application/xml", document("A"));
    assert_eq!(job["success"], true, "{job}");
    let product = || -> Value {
        let found: Value = gateway.get(&format!("/api/v1/products/{UNIT}")).send().unwrap().json().unwrap();
        found["products"][0].clone()
    };
    let first = product();
    assert_eq!(first["proprietary_name"], "A");
    let origin = &first["origins"]["proprietary_name"];
    assert!(origin["source"].as_str().unwrap().starts_with("document:"), "{origin}");
    assert_eq!(origin["sender"], "9521101000016");
    gateway.captured("application/xml", document("B"));
    assert_eq!(product()["proprietary_name"], "B");
    // The same again is known already.
    let again = document("B").replace(".B<", ".C<").replace(">B</sbdh:Inst", ">C</sbdh:Inst");
    gateway.captured("application/xml", again);
    assert_eq!(product()["statements"].as_array().unwrap().len(), 2);
}
