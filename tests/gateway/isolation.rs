//! Two partners with one canary each: whoever asks as the one never sees the other's, in any list and by any name.

use std::io::Write;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::access::Permissions;
use epcgate::access::Sight;
use epcgate::capture;
use epcgate::capture::Policy;
use epcgate::capture::Queue;
use epcgate::capture::Wish;
use epcgate::dscsa::Delivery;
use epcgate::dscsa::Difference;
use epcgate::dscsa::Finding;
use epcgate::dscsa::Goods;
use epcgate::dscsa::Mender;
use epcgate::dscsa::Object;
use epcgate::dscsa::OrderNumber;
use epcgate::dscsa::Rule;
use epcgate::dscsa::Severity;
use epcgate::dscsa::verification::Direction;
use epcgate::dscsa::verification::VerificationRecord;
use epcgate::dscsa::verification::record_id;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::epcis::EventKind;
use epcgate::epcis::query::EventQuery;
use epcgate::epcis::query::Page;
use epcgate::exchange;
use epcgate::exchange::Inbox;
use epcgate::export::transactions;
use epcgate::export::transactions::Question;
use epcgate::formats::Defects;
use epcgate::formats::orders;
use epcgate::formats::partners;
use epcgate::formats::records::Syntax;
use epcgate::gs1::Epc;
use epcgate::gs1::Gln;
use epcgate::reconcile::cases;
use epcgate::reconcile::cases::Compared;
use epcgate::reconcile::custody::Custody;
use epcgate::store::Arrival;
use epcgate::store::AuditFilter;
use epcgate::store::CaseFilter;
use epcgate::store::Content;
use epcgate::store::HoldFilter;
use epcgate::store::JournalEntry;
use epcgate::store::Mention;
use epcgate::store::NewDelivery;
use epcgate::store::ProductFilter;
use epcgate::store::Settings;
use epcgate::store::ShipmentFilter;
use epcgate::store::Store;
use epcgate::store::StoreError;
use epcgate::store::VerificationFilter;
use epcgate::transport::Cargo;
use epcgate::transport::PartnerChannel;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::postgres;

/// A partner: the word that stands in everything of it, its GLN, the place it is written as.
pub struct Partner {
    pub canary: &'static str,
    pub gln: &'static str,
    pub place: &'static str,
    pub serial: &'static str,
}

pub const ALPHA: Partner = Partner {
    canary: "ALPHA",
    gln: "9521101000016",
    place: "urn:epc:id:sgln:9521101.00001.0",
    serial: "urn:epc:id:sgtin:9521101.012345.ALPHA1",
};
pub const BETA: Partner = Partner {
    canary: "BETA",
    gln: "9521102000015",
    place: "urn:epc:id:sgln:9521102.00001.0",
    serial: "urn:epc:id:sgtin:9521102.012345.BETA1",
};
const US: &str = "urn:epc:id:sgln:0399999.99999.0";

/// Commissioned by a maker; both partners hand the event on.
const SHARED: &str = "urn:epc:id:sgtin:9521103.012345.SHARED1";

static RULE: Rule = Rule {
    id: "test-canary",
    title: "nothing",
    severity: Severity::Hard,
    clause: "none",
    why: "None.",
    mender: Mender::Sender,
    fix: "none",
};

/// What there is of one partner.
pub struct Canary {
    pub document: i64,
    pub job: String,
    pub finding: String,
    pub case: String,
    pub shipment: i64,
    pub verification: String,
    pub event: String,
    pub delivery: String,
    pub arrival: String,
}

pub struct House {
    pub store: Store,
    pub alpha: Canary,
    pub beta: Canary,
}

fn at() -> DateTime<Utc> {
    "2026-03-05T08:00:00Z".parse().unwrap()
}

fn caller(glns: &[&str]) -> Caller {
    let glns = glns.iter().map(|gln| Gln::parse(gln).unwrap()).collect();
    Caller::new("partner", Permissions::all(), Sight::Parties(glns))
}

fn object(step: &str, action: &str, epc: &str, id: &str) -> Value {
    json!({
        "type": "ObjectEvent", "eventID": format!("urn:canary:{id}"), "eventTime": "2026-03-04T06:00:00Z",
        "eventTimeZoneOffset": "-05:00", "epcList": [epc], "action": action, "bizStep": step,
    })
}

fn shipped(id: &str, order: &str, epc: &str, (from, to): (&str, &str)) -> Value {
    let mut event = object("shipping", "OBSERVE", epc, id);
    event["eventTime"] = "2026-03-04T09:00:00Z".into();
    event["readPoint"] = json!({ "id": from });
    event["bizTransactionList"] =
        json!([{ "type": "po", "bizTransaction": format!("urn:epcglobal:cbv:bt:0399999999991:{order}") }]);
    event["sourceList"] = json!([{ "type": "owning_party", "source": from }]);
    event["destinationList"] = json!([{ "type": "owning_party", "destination": to }]);
    event
}

fn document(parties: Option<(&str, &str, &str)>, events: &[Value]) -> String {
    let mut document = json!({
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-03-04T12:00:00Z",
        "epcisBody": { "eventList": events },
    });
    if let Some((sender, receiver, instance)) = parties {
        document["sender"] = sender.into();
        document["receiver"] = receiver.into();
        document["instanceIdentifier"] = instance.into();
    }
    document.to_string()
}

fn bring(store: &Store, caller: &Caller, document: &str) -> (i64, String) {
    let mut receiving = store.receive(Utc::now()).unwrap();
    receiving.write_all(document.as_bytes()).unwrap();
    let wish = Wish { behaviour: CaptureErrorBehaviour::Rollback, syntax: None };
    let new = capture::accept(store, caller, receiving.finish().unwrap(), wish, Utc::now()).unwrap();
    let job = capture::run_to_end(store, &new.job, &Policy::default(), Utc::now).unwrap();
    assert!(job.success, "{:?}\n{document}", job.defects);
    (job.document, job.id.to_string())
}

/// Everything that there can be of a partner, each with its canary.
fn fill(store: &Store, partner: &Partner, number: u128) -> Canary {
    let Partner { canary, gln, place, serial } = partner;
    let mut made = object("commissioning", "ADD", serial, &format!("{canary}-made"));
    made["ilmd"] = json!({ "cbvmda:lotNumber": format!("LOT-{canary}") });
    let shared = object("commissioning", "ADD", SHARED, "both");
    let shipping = shipped(&format!("{canary}-shipped"), &format!("PO-{canary}"), serial, (place, US));
    let text = document(Some((place, US, canary)), &[made, shared, shipping]);
    let (document, job) = bring(store, &Caller::operator(), &text);
    let finding = Finding::new(&RULE, format!("of {canary}")).about(Object::Epc((*serial).into()));
    store.record_findings(document, &[finding], at()).unwrap();
    let differences = [Difference::Short(Goods::unit("00300010123455", canary))];
    let delivery = Delivery { partner: (*gln).into(), order: format!("PO-{canary}"), advice: String::new() };
    let compared =
        Compared { delivery: Some(delivery), differences: Some(&differences), ..Compared::default() };
    let settings = cases::Settings { gln: "0399999999991".into(), ..cases::Settings::default() };
    let case = cases::after_reconcile(store, &settings, &compared, at()).unwrap().remove(0);
    let csv = format!(
        "PO Number,Buyer GLN,Supplier GLN,Ship To,Order Date,Line,GTIN,Qty,UOM\n\
         PO-{canary},0399999999991,{gln},0399999999991,2026-03-02,1,00352999101016,1,EA\n"
    );
    let mut defects = Defects::new(false);
    let ordered = orders::read(csv.as_bytes(), Syntax::detect(csv.as_bytes()), None, &mut defects);
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    store.put_orders(&Caller::operator(), &ordered, at()).unwrap();
    let list = format!("id,name,role,gln\n{canary},Firm {canary},wholesaler,{gln}\n");
    let listed = partners::read(list.as_bytes(), Syntax::detect(list.as_bytes()), &mut defects);
    assert_eq!(defects.errors(), 0, "{:?}", defects.kept());
    store.put_partners(&Caller::operator(), &listed, at()).unwrap().unwrap();
    let verification = verification(partner, number);
    store.journal(vec![JournalEntry { record: verification.clone(), actor: "operator".into() }]).unwrap();
    let operator = Caller::operator();
    let channel =
        json!({ "id": canary, "partner": canary, "by": { "folder": { "drop_off": { "folder": "/none" } } } });
    let channel: PartnerChannel = serde_json::from_value(channel).unwrap();
    store.put_channel(&operator, &channel, at()).unwrap();
    // It waits: nobody sends by a channel that is paused.
    store.pause_channel(&operator, canary, &format!("for {canary}"), at()).unwrap().unwrap();
    let delivery = NewDelivery {
        channel: (*canary).into(),
        key: "1".into(),
        cargo: Cargo::Events,
        name: format!("{canary}.json"),
        media_type: "application/json".into(),
        content: Content::Bytes(b"{}".to_vec()),
    };
    let came = Arrival {
        channel: (*canary).into(),
        partner: (*canary).into(),
        message_id: format!("message of {canary}"),
        name: format!("{canary}.xml"),
        at: at(),
    };
    let inbox =
        Inbox::new(store, &exchange::Settings::default(), &capture::Limits::default(), Queue::default());
    Canary {
        delivery: store.put_delivery(&operator, &delivery, at()).unwrap().unwrap(),
        arrival: inbox.take(&came, format!("no document of {canary}").as_bytes()).unwrap().id,
        shipment: store.shipments_in(&operator, document).unwrap()[0].id,
        finding: store.findings_about(&operator, &Epc::parse(serial).key()).unwrap()[0].id.clone(),
        verification: verification.id,
        event: format!("urn:canary:{canary}-made"),
        document,
        job,
        case,
    }
}

fn verification(partner: &Partner, number: u128) -> VerificationRecord {
    VerificationRecord {
        id: record_id(at(), Uuid::from_u128(number)),
        at: at(),
        direction: Direction::Answered,
        gtin: "00352999101016".into(),
        serial: partner.canary.into(),
        lot: String::new(),
        expiry: String::new(),
        context: String::new(),
        requester: partner.gln.into(),
        responder: "0399999999991".into(),
        provider: String::new(),
        correlation: String::new(),
        status: 200,
        answer: None,
        verdict: None,
        basis: "none",
        took: Duration::ZERO,
        due: None,
        evidence: String::new(),
    }
}

impl House {
    pub fn new(store: Store) -> House {
        let alpha = fill(&store, &ALPHA, 1);
        let beta = fill(&store, &BETA, 2);
        // Of ours, without a header: each partner is a party to one of its events.
        let sold = [&ALPHA, &BETA].map(|partner| {
            let id = format!("{}-sold", partner.canary);
            shipped(&id, &format!("SOLD-{}", partner.canary), partner.serial, (US, partner.place))
        });
        bring(&store, &Caller::operator(), &document(None, &sold));
        House { store, alpha, beta }
    }

    /// Everything that somebody can list, in words.
    fn lists(&self, caller: &Caller) -> String {
        let store = &self.store;
        let mut words = String::new();
        let query = EventQuery::default();
        let page = Page { size: 100, ..Page::default() };
        words += &format!("{:?}", store.events(caller, &query, &page).unwrap());
        words += &format!("{:?}", store.jobs(caller, None, 100).unwrap());
        words += &format!("{:?}", store.open_findings(caller, None, 100).unwrap());
        words += &format!("{:?}", store.shipments(caller, &ShipmentFilter::default(), None, 100).unwrap());
        words += &format!("{:?}", store.cases(caller, &CaseFilter::default(), None, 100).unwrap());
        words += &format!("{:?}", store.orders(caller, None, 100).unwrap());
        words += &format!("{:?}", store.advices(caller, None, 100).unwrap());
        let asked = VerificationFilter::default();
        words += &format!("{:?}", store.verifications(caller, &asked, None, 100).unwrap());
        words += &format!("{:?}", store.partners(caller, None, 100).unwrap());
        words
    }

    /// What somebody is told of one partner's things, asked for by their names.
    fn lookups(&self, caller: &Caller, partner: &Partner, canary: &Canary) -> String {
        let (store, document) = (&self.store, canary.document);
        let (order, key) = (format!("PO-{}", partner.canary), Epc::parse(partner.serial).key());
        let number = OrderNumber::new(&order, None);
        let heads = store.heads(caller, (Mention::Item, &[&key]), EventKind::Object, i64::MAX).unwrap();
        let custody = Custody::of(store, caller, &Epc::parse(partner.serial), i64::MAX).unwrap();
        let told = [
            format!("{:?}", store.event(caller, &canary.event).unwrap()),
            format!("{:?}", store.header(caller, document).unwrap()),
            format!("{:?}", store.document(caller, document).unwrap()),
            format!("{:?}", store.job(caller, &canary.job).unwrap()),
            format!("{:?}", store.findings(caller, document).unwrap()),
            format!("{:?}", store.finding(caller, &canary.finding).unwrap()),
            format!("{:?}", store.finding_totals(caller, document).unwrap()),
            format!("{:?}", store.findings_about(caller, &key).unwrap()),
            format!("{:?}", store.shipment(caller, canary.shipment).unwrap()),
            format!("{:?}", store.shipment_units(caller, canary.shipment, None, 100).unwrap()),
            format!("{:?}", store.shipment_parties(caller, &[canary.shipment]).unwrap()),
            format!("{:?}", store.units_in_shipment(caller, canary.shipment, &[&key]).unwrap()),
            format!("{:?}", store.shipments_in(caller, document).unwrap()),
            format!("{:?}", store.declarations_in(caller, document).unwrap()),
            format!("{:?}", store.sender_of(caller, document).unwrap()),
            format!("{:?}", store.case(caller, &canary.case).unwrap()),
            format!("{:?}", store.cases_meant(caller, &order).unwrap()),
            format!("{:?}", store.case_steps(caller, &canary.case).unwrap()),
            format!("{:?}", store.case_digests(caller, &canary.case).unwrap()),
            format!("{:?}", store.case_messages(caller, &canary.case).unwrap()),
            format!("{:?}", store.orders_numbered(caller, &number).unwrap()),
            format!("{:?}", store.verification(caller, &canary.verification).unwrap()),
            format!("{:?}", store.partner(caller, partner.canary).unwrap()),
            format!("{:?}", store.partner_with_gln(caller, Gln::parse(partner.gln).unwrap()).unwrap()),
            format!("{heads:?}"),
            format!("{:?}", custody.steps),
            format!("{:?}", transactions::transactions(store, caller, &Question::Order(order)).ok()),
        ];
        told.join("\n")
    }
}

/// Each partner sees its own in every list, and nothing of the other; whoever is nobody's partner sees nothing.
fn canaries(store: Store) {
    let house = House::new(store);
    let operator = Caller::operator();
    let (alpha, beta) = (caller(&[ALPHA.gln]), caller(&[BETA.gln]));
    let stranger = caller(&["9521103000014"]);
    let blind = Caller::new("administrator", Permissions::all(), Sight::Nothing);
    let all = house.lists(&operator);
    for (who, own, other) in [(&alpha, &ALPHA, &BETA), (&beta, &BETA, &ALPHA)] {
        let seen = house.lists(who);
        for part in ["made", "shipped", "sold"] {
            assert!(seen.contains(&format!("{}-{part}", own.canary)), "{} {part}", own.canary);
        }
        for part in ["PO-", "Firm ", "of "] {
            let (own, other) = (format!("{part}{}", own.canary), format!("{part}{}", other.canary));
            assert!(all.contains(&other) && seen.contains(&own), "{own}");
        }
        assert!(seen.contains("urn:canary:both"), "{seen}");
        assert!(!seen.contains(other.canary) && !seen.contains(other.gln), "{seen}");
    }
    for nobody in [&stranger, &caller(&[])] {
        let seen = house.lists(nobody);
        assert!(!seen.contains("ALPHA") && !seen.contains("BETA") && !seen.contains("canary"), "{seen}");
    }
    // Who lets people in sees who the partners are, and none of their data.
    let seen = house.lists(&blind);
    assert!(seen.contains("Firm ALPHA") && !seen.contains("canary") && !seen.contains("PO-ALPHA"), "{seen}");

    let missing = Canary {
        document: 7,
        job: "none".into(),
        finding: "none".into(),
        case: "none".into(),
        shipment: 7,
        verification: "none".into(),
        event: "urn:canary:none".into(),
        delivery: "none".into(),
        arrival: "none".into(),
    };
    let unknown = Partner {
        canary: "NONE",
        gln: "9521103000014",
        place: "",
        serial: "urn:epc:id:sgtin:9521103.012345.NONE",
    };
    let nothing = house.lookups(&alpha, &unknown, &missing);
    assert_eq!(house.lookups(&alpha, &BETA, &house.beta), nothing, "a foreign one is as a missing one");
    assert_eq!(house.lookups(&beta, &ALPHA, &house.alpha), nothing);
    assert_eq!(house.lookups(&stranger, &ALPHA, &house.alpha), nothing);
    let own = house.lookups(&alpha, &ALPHA, &house.alpha);
    for (own, nothing) in own.lines().zip(nothing.lines()) {
        // The case has had no messages, and nothing was declared wrong.
        assert!(own != nothing || own == "[]", "{own}");
    }
    let whole = house.lookups(&operator, &ALPHA, &house.alpha);
    assert!(whole.lines().count() >= own.lines().count() && !own.contains("BETA"), "{own}");
    whole_answers_are_refused(&house, &alpha);
}

/// What cannot be told apart by party is refused.
fn whole_answers_are_refused(house: &House, partner: &Caller) {
    let store = &house.store;
    let refused = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::OutOfSight)), "{outcome:?}");
    };
    refused(store.receipts(partner, None, None, 10).map(drop));
    refused(store.receipt(partner, "x").map(drop));
    refused(store.saleable_returns(partner, None, None, 10).map(drop));
    refused(store.saleable_return(partner, "x").map(drop));
    refused(store.holds(partner, &HoldFilter::default(), None, 10).map(drop));
    refused(store.audited(partner, &AuditFilter::default(), None, 10).map(drop));
    refused(store.keys(partner).map(drop));
    refused(store.products(partner, &ProductFilter::default(), None, 10).map(drop));
    refused(store.item(partner, "/01/09521102123453/21/BETA1").map(drop));
    refused(store.lots(partner, "09521102123453", "LOT-BETA").map(drop));
    refused(store.remove_partner(partner, "BETA", at()).map(drop));
    refused(store.verifications_due(partner, Direction::Answered, 10).map(drop));
}

/// Opens a database as the README says: one user owns the tables, another serves.
fn kept(name: &str, settings: &Settings) -> (Store, String, String) {
    let (keeper, clerk) = postgres::kept_database(name);
    Store::bring_up_to_date(&keeper, settings).unwrap();
    (Store::open(&clerk, settings).unwrap(), keeper, clerk)
}

#[test]
fn partners_see_their_own_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("epcgate.db");
    canaries(Store::open(url.to_str().unwrap(), &Settings::default()).unwrap());
}

#[test]
fn partners_see_their_own_on_postgresql_without_row_level_security() {
    canaries(Store::open(&postgres::database("isolation_plain"), &Settings::default()).unwrap());
}

#[test]
fn partners_see_their_own_on_postgresql_with_row_level_security() {
    canaries(kept("isolation_kept", &Settings::default()).0);
}

#[test]
fn what_a_partner_hands_in_is_its_own_to_see() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("epcgate.db");
    let store = Store::open(url.to_str().unwrap(), &Settings::default()).unwrap();
    let (alpha, beta) = (caller(&[ALPHA.gln]), caller(&[BETA.gln]));
    let text = document(None, &[object("commissioning", "ADD", ALPHA.serial, "handed")]);
    let (document, job) = bring(&store, &alpha, &text);
    assert!(store.job(&alpha, &job).unwrap().is_some() && store.job(&beta, &job).unwrap().is_none());
    assert!(store.document(&alpha, document).unwrap().is_some());
    assert_eq!(store.event(&alpha, "urn:canary:handed").unwrap().len(), 1);
    assert!(store.event(&beta, "urn:canary:handed").unwrap().is_empty());
    // The same bytes again are the same job, which is then both of theirs.
    assert_eq!(bring(&store, &beta, &text), (document, job.clone()));
    assert!(store.job(&beta, &job).unwrap().is_some());
}

/// Tables of which a partner may see rows, with a word that is in all rows of the other partner.
const SEEN: [(&str, &str); 8] = [
    ("documents", "sender"),
    ("document_parties", "party"),
    ("events", "coalesce(event_id, '')"),
    ("findings", "message"),
    ("shipments", "seller || buyer"),
    ("exception_cases", "partner"),
    ("orders", "seller"),
    ("partners", "id"),
];

/// What a statement without any condition shows to this sight.
fn rows(url: &str, sight: Option<&str>, (table, column): (&str, &str)) -> String {
    let set = sight.map(|sight| format!("SET epcgate.sight = '{sight}';")).unwrap_or_default();
    postgres::ask(url, &format!("{set} SELECT {column} FROM {table}")).unwrap()
}

#[test]
fn postgresql_keeps_partners_apart_whatever_is_asked() {
    let (store, keeper, clerk) = kept("isolation_rows", &Settings::default());
    let _house = House::new(store);
    let foreign = |seen: &str| seen.contains("BETA") || seen.contains(BETA.gln);
    for place in SEEN {
        for user in [&clerk, &keeper] {
            assert_eq!(rows(user, None, place), "", "{place:?} without a sight");
            assert_eq!(rows(user, Some(""), place), "", "{place:?} of nobody");
            assert_eq!(rows(user, Some("9521103000014"), place), "", "{place:?} of a stranger");
            let seen = rows(user, Some(ALPHA.gln), place);
            assert!(!seen.is_empty() && !foreign(&seen), "{place:?}: {seen}");
            assert!(foreign(&rows(user, Some("*"), place)), "{place:?} of the operator");
        }
    }
    let changed = postgres::ask(&clerk, "SET epcgate.sight = '9521101000016'; DELETE FROM documents");
    changed.unwrap();
    let bypass = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    assert_eq!(postgres::ask(&clerk, bypass).unwrap(), "f");
    assert_eq!(
        postgres::ask(&clerk, "SELECT count(*) FROM pg_tables WHERE tableowner = current_user").unwrap(),
        "0"
    );

    // Without the policy there is a leak, so that what is above proves something.
    for (table, column) in SEEN {
        let remove = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
        postgres::ask(&keeper, &remove).unwrap();
        assert!(foreign(&rows(&clerk, Some(ALPHA.gln), (table, column))), "{table} leaks without its policy");
    }
}

#[test]
fn every_table_that_partners_are_kept_apart_in_has_its_policy() {
    let (_store, keeper, _) = kept("isolation_tables", &Settings::default());
    let guarded = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                   WHERE relrowsecurity AND relforcerowsecurity \
                   AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid)";
    let guarded = postgres::ask(&keeper, guarded).unwrap();
    for table in [
        "api_keys",
        "capture_jobs",
        "document_parties",
        "document_parts",
        "documents",
        "events",
        "exception_cases",
        "exception_items",
        "exception_messages",
        "exception_steps",
        "finding_objects",
        "finding_totals",
        "findings",
        "holds",
        "orders",
        "partner_identifiers",
        "partners",
        "receipt_shipments",
        "receipts",
        "saleable_returns",
        "shipment_roots",
        "shipment_transactions",
        "shipment_units",
        "shipments",
    ] {
        assert!(guarded.split(' ').any(|found| found == table), "{table} is not guarded: {guarded}");
    }
}

/// The store narrows the sight of a connection for one transaction; who comes next on it has the sight of its own.
#[test]
fn a_connection_used_again_carries_no_sight_over() {
    let settings = Settings { readers: 1, ..Settings::default() };
    let (store, keeper, _) = kept("isolation_reuse", &settings);
    let house = House::new(store);
    let (alpha, beta) = (caller(&[ALPHA.gln]), caller(&[BETA.gln]));
    for _ in 0..20 {
        let seen = house.lists(&alpha);
        assert!(seen.contains("ALPHA-made") && !seen.contains("BETA"));
        assert!(house.lists(&Caller::operator()).contains("BETA-made"));
        let seen = house.lists(&beta);
        assert!(seen.contains("BETA-made") && !seen.contains("ALPHA"));
        // A question that fails in the middle leaves nothing behind either.
        let bound =
            EventQuery { bound: Some(epcgate::epcis::query::Bound::AtMost(0)), ..EventQuery::default() };
        assert!(house.store.events(&alpha, &bound, &Page::default()).is_err());
        assert!(house.lists(&Caller::operator()).contains("BETA-made"));
    }
    // A policy that lets only the operator through: what the store asks for a partner is held to it, so that it is the
    // database that has the last word.
    for table in ["documents", "events"] {
        let strict = format!(
            "DROP POLICY parties_see_their_own ON {table}; CREATE POLICY strict ON {table} \
             USING (current_setting('epcgate.sight', true) = '*')"
        );
        postgres::ask(&keeper, &strict).unwrap();
    }
    assert!(house.store.header(&alpha, house.alpha.document).unwrap().is_none());
    assert!(house.store.header(&Caller::operator(), house.alpha.document).unwrap().is_some());
    assert!(!house.lists(&alpha).contains("ALPHA-made"));
}
