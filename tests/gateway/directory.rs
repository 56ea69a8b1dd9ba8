//! The lookup directory: its import and export, on the command line, over HTTP, on both databases.

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::verification::DirectoryRecord;
use epcgate::formats::Defects;
use epcgate::formats::directory;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Gtin;
use epcgate::store::DirectoryFilter;
use epcgate::store::Imported;
use epcgate::store::Probe;
use serde_json::Value;

use crate::harness::TestGateway;
use crate::harness::failure;
use crate::harness::header;
use crate::postgres::on_each_database;

const GTIN: &str = "00300010123455";

pub const CSV: &str = "gtin,company prefix,start,end,context,responder gln,provider,url,status,source,modified,phone\n\
    00300010123455,,,2027-12-31,,0300010000008,north,https://vrs.north.example/api,,north,2026-11-01T10:00:00Z,+1 555\n\
    00300010123455,,2028-01-01,,,0300010000008,south,https://vrs.south.example,,north,2026-11-01T10:00:00Z,\n\
    ,0300010,,,,0300010000008,north,https://vrs.north.example/api,,north,,\n";

fn records(csv: &str) -> Vec<DirectoryRecord> {
    let mut defects = Defects::new(false);
    let file = directory::read(csv.as_bytes(), Syntax::Csv, &mut defects);
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    file.records
}

#[test]
fn the_same_again_changes_nothing_and_the_later_stays() {
    on_each_database("directory", |store| {
        let (caller, gtin) = (Caller::operator(), Gtin::parse(GTIN).unwrap());
        let given = records(CSV);
        let counts = |given: &[DirectoryRecord], replace| {
            let done =
                store.put_directory(&Caller::operator(), (given, replace), Utc::now()).unwrap().unwrap();
            let Imported { added, changed, unchanged } = done.imported;
            (added, changed, unchanged, done.removed, done.older.len())
        };
        assert_eq!(counts(&given, false), (3, 0, 0, 0, 0));
        assert_eq!(counts(&given, false), (0, 0, 3, 0, 0));
        let mut kept = store.directory_of(&caller, gtin).unwrap();
        kept.sort_by_key(|record| given.iter().position(|own| own == record));
        assert_eq!(kept, given);

        let older = records(&CSV.replace("2026-11-01T10", "2026-10-01T10").replace("south.ex", "west.ex"));
        assert_eq!(counts(&older, false), (0, 0, 1, 0, 2));
        let newer = records(&CSV.replace("2026-11-01T10", "2026-12-01T10").replace("south.ex", "west.ex"));
        assert_eq!(counts(&newer, false), (0, 2, 1, 0, 0));

        // A new record over a part of what an old one is for.
        let clash = records("gtin,start,end,source\n00300010123455,2027-12-31,2027-12-31,other\n");
        let conflict =
            store.put_directory(&Caller::operator(), (&clash, false), Utc::now()).unwrap().unwrap_err();
        assert_eq!((conflict.record, conflict.other.ends), (0, "2027-12-31".parse().ok()));
        assert_eq!(store.directory_of(&caller, gtin).unwrap().len(), 3);
        assert_eq!(
            counts(&records("gtin,start,context\n00300010123455,2027-12-31,recall\n"), false),
            (1, 0, 0, 0, 0)
        );

        // Its source leaves all but one out.
        let rest = records(&newer_without_windows());
        assert_eq!(counts(&rest, true), (0, 0, 1, 2, 0));
        assert_eq!(store.directory_of(&caller, gtin).unwrap().len(), 2);
        assert!(store.remove_directory_record(&caller, "0300010::", Utc::now()).unwrap());
        assert!(!store.remove_directory_record(&caller, "0300010::", Utc::now()).unwrap());
    });
}

fn newer_without_windows() -> String {
    CSV.lines().filter(|line| !line.starts_with('0')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn health_is_kept_beside_a_record() {
    on_each_database("directory_health", |store| {
        let caller = Caller::operator();
        store.put_directory(&Caller::operator(), (&records(CSV), false), Utc::now()).unwrap().unwrap();
        let name = format!("{GTIN}::");
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let probe = |second, sound| {
            let probe = Probe { at: at(second), sound, said: "no connection".to_owned() };
            store.note_probes(&[(name.clone(), probe.clone()), ("gone".to_owned(), probe)]).unwrap();
        };
        let unsound = DirectoryFilter { sound: Some(false), ..DirectoryFilter::default() };
        let count = |filter: &DirectoryFilter| store.directory(&caller, filter, None, 10).unwrap().len();
        assert_eq!((count(&DirectoryFilter::default()), count(&unsound)), (3, 0));
        probe(1, true);
        assert_eq!(count(&unsound), 0);
        probe(2, false);
        probe(3, false);
        let found = store.directory(&caller, &unsound, None, 10).unwrap();
        let health = found[0].health.clone().unwrap();
        assert_eq!(
            (found.len(), health.failures, health.last_sound, health.probe.at),
            (1, 2, Some(at(1)), at(3))
        );
        // An import does not forget it.
        store
            .put_directory(&Caller::operator(), (&records(&CSV.replace("T10", "T11")), false), Utc::now())
            .unwrap()
            .unwrap();
        assert_eq!(count(&unsound), 1);
    });
}

#[test]
fn http_imports_lists_checks_and_exports() {
    let gateway = TestGateway::start();
    let sent = gateway.post("/api/v1/directory", "text/csv", CSV).send().unwrap();
    let done: Value = sent.json().unwrap();
    assert_eq!((&done["added"], done["warnings"].as_array().unwrap().len()), (&Value::from(3), 0), "{done}");
    let page = gateway.get("/api/v1/directory?perPage=2").send().unwrap();
    let next = header(&page, "link");
    let body: Value = page.json().unwrap();
    assert_eq!(body["records"].as_array().unwrap().len(), 2, "{body}");
    let next = next.trim_start_matches('<').split('>').next().unwrap();
    let rest: Value = gateway.get(next).send().unwrap().json().unwrap();
    assert_eq!(rest["records"].as_array().unwrap().len(), 1, "{rest}");
    let found: Value = gateway.get("/api/v1/directory?gtin=10300010123452").send().unwrap().json().unwrap();
    assert_eq!(found["records"][0]["companyPrefix"], "0300010");

    let clash = "gtin,start,end\n00300010123455,2029-01-01,2029-01-31\n";
    let (status, _, detail) = failure(gateway.post("/api/v1/directory", "text/csv", clash).send().unwrap());
    assert_eq!(status, 400);
    assert!(detail.contains("overlaps the record 00300010123455::2028-01-01"), "{detail}");
    for wrong in ["healthy=no", "gtin=1", "format=csv", "replace=x"] {
        assert_eq!(
            gateway.get(&format!("/api/v1/directory?{wrong}")).send().unwrap().status(),
            400,
            "{wrong}"
        );
    }

    let checked: Value = gateway.get("/api/v1/directory/check").send().unwrap().json().unwrap();
    assert_eq!((&checked["records"], &checked["errors"]), (&Value::from(3), &Value::from(0)), "{checked}");
    let csv = gateway.get("/api/v1/directory/export").send().unwrap().text().unwrap();
    assert!(csv.contains("'+1 555"), "{csv}");
    let json = gateway.get("/api/v1/directory/export?format=json").send().unwrap().text().unwrap();
    let gone = gateway.request("DELETE", &format!("/api/v1/directory/{GTIN}::2028-01-01")).send().unwrap();
    assert_eq!(gone.status(), 204);
    for (kind, text) in [("text/csv", csv), ("application/json", json)] {
        let done: Value = gateway.post("/api/v1/directory", kind, text).send().unwrap().json().unwrap();
        let expected = if kind == "text/csv" { (1, 2) } else { (0, 3) };
        assert_eq!((&done["added"], &done["unchanged"]), (&expected.0.into(), &expected.1.into()), "{done}");
    }
}
