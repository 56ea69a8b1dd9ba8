//! Questions to the store, on both databases: every answer equals what a plain filter over all events gives.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use epcgate::access::Caller;
use epcgate::epcis::Action;
use epcgate::epcis::BizTransaction;
use epcgate::epcis::CaptureErrorBehaviour;
use epcgate::epcis::ErrorDeclaration;
use epcgate::epcis::Event;
use epcgate::epcis::EventTime;
use epcgate::epcis::Header;
use epcgate::epcis::Location;
use epcgate::epcis::Quantity;
use epcgate::epcis::SourceDest;
use epcgate::epcis::Term;
use epcgate::epcis::What;
use epcgate::epcis::ZoneOffset;
use epcgate::epcis::event_id::EventHasher;
use epcgate::epcis::query;
use epcgate::epcis::query::Direction;
use epcgate::epcis::query::EventQuery;
use epcgate::epcis::query::OrderBy;
use epcgate::epcis::query::Page;
use epcgate::epcis::query::StoredEvent;
use epcgate::epcis::vocabulary::StandardVocabulary;
use epcgate::formats::Syntax;
use epcgate::gs1::Epc;
use epcgate::store::Batch;
use epcgate::store::Begin;
use epcgate::store::Outcome;
use epcgate::store::QueryError;
use epcgate::store::Settings;
use epcgate::store::Store;

use crate::postgres;

/// A store on each database, with the URL.
fn each_store(name: &str, check: impl Fn(&Store, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.db").to_string_lossy().into_owned();
    for url in [file, postgres::database(name)] {
        check(&Store::open(&url, &Settings::default()).unwrap(), &url);
    }
}

/// Publishes the events as one document at this time.
fn publish(store: &Store, events: &[Event], now: &str) {
    let now: DateTime<Utc> = now.parse().unwrap();
    let mut receiving = store.receive(now).unwrap();
    std::io::Write::write_all(&mut receiving, uuid::Uuid::new_v4().as_bytes()).unwrap();
    let received = receiving.finish().unwrap();
    store.create_job(&Caller::operator(), received, CaptureErrorBehaviour::Rollback, now).unwrap();
    let work = store.take_job("test", None, now).unwrap().unwrap();
    let header = Header::default();
    let Begin::Ready(mut session) = store.begin_capture(&work, &header, Syntax::Xml).unwrap() else {
        panic!("the instance is new");
    };
    let mut batch = Batch::new().unwrap();
    let mut hasher = EventHasher::new();
    for (position, event) in events.iter().enumerate() {
        batch.push(position as u64, event, &hasher.digest(event)).unwrap();
        if batch.is_full() {
            store.add_events(&mut session, &mut batch).unwrap();
        }
    }
    store.add_events(&mut session, &mut batch).unwrap();
    assert!(store.publish(session, &header, Outcome::default(), now).unwrap().success);
}

fn ask(pairs: &[(String, String)]) -> EventQuery {
    query::parse(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))).unwrap().0
}

fn asked(pairs: &[(&str, &str)]) -> EventQuery {
    query::parse(pairs.iter().copied()).unwrap().0
}

/// All pages of an answer.
fn all(store: &Store, query: &EventQuery, size: usize) -> Vec<StoredEvent> {
    let mut page = Page { size, token: None };
    let mut events = Vec::new();
    loop {
        let answer = store.events(&Caller::operator(), query, &page).unwrap();
        assert!(answer.events.len() <= size);
        events.extend(answer.events);
        let Some(next) = answer.next else { return events };
        page.token = Some(next.into());
    }
}

fn ids(events: &[StoredEvent]) -> Vec<i64> {
    events.iter().map(|event| event.id).collect()
}

/// A small generator of numbers, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

/// One trade item with a serial number, in one of three spellings.
fn item(dice: &mut Dice) -> String {
    let (serial, spelling) = (dice.roll(6), dice.roll(3));
    let (urn, other, gtin) = [
        ("4012345.012345", "40123451.02345", "04012345123456"),
        ("4012345.099999", "40123459.09999", "04012345999991"),
    ][dice.roll(2)];
    match spelling {
        0 => format!("urn:epc:id:sgtin:{urn}.{serial}"),
        1 => format!("urn:epc:id:sgtin:{other}.{serial}"),
        _ => format!("https://id.gs1.org/01/{gtin}/21/{serial}"),
    }
}

const CASES: &[&str] = &[
    "urn:epc:id:sscc:4012345.0000000333",
    "https://id.gs1.org/00/040123450000003338",
    "urn:epc:id:sscc:4012345.0000000334",
    "urn:example:case:1",
];
const CLASSES: &[&str] = &[
    "urn:epc:class:lgtin:4012345.012345.L1",
    "https://id.gs1.org/01/04012345123456/10/L2",
    "urn:epc:idpat:sgtin:4012345.012345.*",
    "https://id.gs1.org/01/04012345999991",
];
const PLACES: &[&str] = &[
    "urn:epc:id:sgln:4012345.00011.987",
    "https://id.gs1.org/414/4012345000115/254/987",
    "urn:epc:id:sgln:401234500001..0",
    "https://id.gs1.org/414/4012345000016",
    "urn:example:dock:7",
];
const STEPS: &[&str] =
    &["shipping", "urn:epcglobal:cbv:bizstep:shipping", "receiving", "packing", "https://example.com/step/a"];
const DISPOSITIONS: &[&str] = &["in_transit", "active", "urn:epcglobal:cbv:disp:active", "recalled"];
const ORDERS: &[&str] =
    &["urn:epcglobal:cbv:bt:4012345000115:1", "urn:epcglobal:cbv:bt:4012345000115:2", "PO 12"];
const TIMES: &[&str] = &[
    "2024-03-01T00:00:00Z",
    "2024-03-01T01:00:00+01:00",
    "2024-03-01T00:00:00.0000005Z",
    "2024-03-02T12:30:00.123Z",
    "2024-03-03T00:00:00-05:00",
];

fn event(dice: &mut Dice, number: usize) -> Event {
    let items = |dice: &mut Dice| (0..=dice.roll(3)).map(|_| Epc::parse(&item(dice))).collect::<Vec<_>>();
    let classes = |dice: &mut Dice| {
        let quantity = |class: &str| Quantity { epc_class: Epc::parse(class), quantity: None, uom: None };
        (0..dice.roll(2)).map(|_| quantity(dice.pick(CLASSES))).collect::<Vec<_>>()
    };
    let action = [Action::Add, Action::Observe, Action::Delete][dice.roll(3)];
    let parent = Some(Epc::parse(dice.pick(CASES)));
    let what = match dice.roll(5) {
        0 => What::Object { action, epcs: items(dice), quantities: classes(dice) },
        1 => What::Aggregation { action, parent, children: items(dice), quantities: classes(dice) },
        2 => What::Transaction { action, parent, epcs: items(dice), quantities: classes(dice) },
        3 => What::Association { action, parent, children: items(dice), quantities: classes(dice) },
        _ => What::Transformation {
            id: dice.chance(50).then(|| "urn:example:transformation:1".into()),
            input_epcs: items(dice),
            input_quantities: classes(dice),
            output_epcs: items(dice),
            output_quantities: classes(dice),
        },
    };
    let mut event = Event::new(EventTime::parse(dice.pick(TIMES)).unwrap(), ZoneOffset::UTC, what);
    event.id = Some(format!("urn:example:event:{number}").into());
    let place =
        |dice: &mut Dice| Some(Location { id: Epc::parse(dice.pick(PLACES)), extensions: Vec::new() });
    event.read_point = place(dice).filter(|_| !number.is_multiple_of(3));
    event.biz_location = place(dice).filter(|_| !number.is_multiple_of(4));
    event.biz_step = Some(Term::parse(StandardVocabulary::BizStep, dice.pick(STEPS)));
    event.disposition = Some(Term::parse(StandardVocabulary::Disposition, dice.pick(DISPOSITIONS)));
    let kind = dice.chance(70).then(|| Term::parse(StandardVocabulary::BizTransactionType, "po"));
    event.biz_transactions = vec![BizTransaction { kind, id: dice.pick(ORDERS).into() }];
    let party = |kind| Term::parse(StandardVocabulary::SourceDestType, kind);
    let end = |dice: &mut Dice, kind| SourceDest { kind: party(kind), id: Epc::parse(dice.pick(PLACES)) };
    event.sources = vec![end(dice, "owning_party"), end(dice, "location")];
    event.destinations = vec![end(dice, "location")];
    if dice.chance(10) {
        event.error_declaration = Some(Box::new(ErrorDeclaration {
            declaration_time: EventTime::parse("2024-04-01T00:00:00Z").unwrap(),
            reason: Some(Term::parse(StandardVocabulary::ErrorReason, "incorrect_data")),
            corrective_event_ids: vec!["urn:example:event:1".into()],
            extensions: Vec::new(),
        }));
    }
    event
}

/// A question of a few random conditions.
fn pairs(dice: &mut Dice) -> Vec<(String, String)> {
    let mut chosen = BTreeSet::new();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for _ in 0..=dice.roll(3) {
        let which = dice.roll(24);
        if !chosen.insert(which) {
            continue;
        }
        let two = |dice: &mut Dice, from: &[&str]| format!("{}|{}", dice.pick(from), dice.pick(from));
        let epcs = |dice: &mut Dice| match dice.roll(6) {
            0 => "urn:epc:idpat:sgtin:4012345.012345.*".to_owned(),
            1 => "urn:epc:idpat:sgtin:4012345.*.*".to_owned(),
            2 => "https://id.gs1.org/01/04012345999991".to_owned(),
            3 => dice.pick(CASES).to_owned(),
            4 => format!("{}|{}", item(dice), dice.pick(CASES)),
            _ => item(dice),
        };
        let class = |dice: &mut Dice| match dice.roll(3) {
            0 => "urn:epc:idpat:lgtin:4012345.012345.*".to_owned(),
            1 => "urn:epc:idpat:lgtin:4012345.*.*".to_owned(),
            _ => dice.pick(CLASSES).to_owned(),
        };
        let (name, value) = match which {
            0 => ("eventType", two(dice, &["ObjectEvent", "AggregationEvent", "TransformationEvent"])),
            1 => ("GE_eventTime", dice.pick(TIMES).to_owned()),
            2 => ("LT_eventTime", dice.pick(TIMES).to_owned()),
            3 => ("GE_recordTime", format!("2024-05-0{}T00:00:00Z", 1 + dice.roll(9))),
            4 => ("LT_recordTime", format!("2024-05-0{}T00:00:00Z", 1 + dice.roll(9))),
            5 => ("EQ_action", two(dice, &["ADD", "DELETE"])),
            6 => ("EQ_bizStep", two(dice, STEPS)),
            7 => ("EQ_disposition", dice.pick(DISPOSITIONS).to_owned()),
            8 => ("EQ_readPoint", dice.pick(PLACES).to_owned()),
            9 => ("EQ_bizLocation", two(dice, PLACES)),
            10 => ("EQ_bizTransaction_po", dice.pick(ORDERS).to_owned()),
            11 => ("EQ_source_owning_party", dice.pick(PLACES).to_owned()),
            12 => ("EQ_destination_urn:epcglobal:cbv:sdt:location", two(dice, PLACES)),
            13 => ("EQ_transformationID", "urn:example:transformation:1".to_owned()),
            14 => ("MATCH_epc", epcs(dice)),
            15 => ("MATCH_anyEPC", epcs(dice)),
            16 => ("MATCH_parentID", epcs(dice)),
            17 => ("MATCH_inputEPC", epcs(dice)),
            18 => ("MATCH_outputEPC", epcs(dice)),
            19 => ("MATCH_epcClass", class(dice)),
            20 => ("MATCH_anyEPCClass", class(dice)),
            21 => ("EQ_eventID", format!("urn:example:event:{}|urn:example:event:5", dice.roll(400))),
            22 => ("EXISTS_errorDeclaration", "true".to_owned()),
            _ => ("EQ_correctiveEventID", "urn:example:event:1".to_owned()),
        };
        pairs.push((name.to_owned(), value));
    }
    if dice.chance(60) {
        pairs.push(("orderBy".to_owned(), dice.pick(&["eventTime", "recordTime"]).to_owned()));
        if dice.chance(30) {
            pairs.push(("eventCountLimit".to_owned(), (1 + dice.roll(60)).to_string()));
        }
    }
    if dice.chance(50) {
        pairs.push(("orderDirection".to_owned(), dice.pick(&["ASC", "DESC"]).to_owned()));
    }
    pairs
}

/// What a plain filter answers, in the order asked for.
fn filtered(everything: &[StoredEvent], query: &EventQuery) -> Vec<StoredEvent> {
    let mut wanted: Vec<StoredEvent> =
        everything.iter().filter(|event| query.matches(event)).cloned().collect();
    match query.order_by {
        Some(OrderBy::EventTime) => wanted.sort_by_key(|event| (event.event.time.microseconds(), event.id)),
        _ => wanted.sort_by_key(|event| (event.record_time.microseconds(), event.id)),
    }
    if query.direction == Direction::Descending {
        wanted.reverse();
    }
    if let Some(query::Bound::First(count)) = query.bound {
        wanted.truncate(count as usize);
    }
    wanted
}

#[test]
fn every_answer_equals_a_plain_filter() {
    each_store("query_filter", |store, url| {
        let mut dice = Dice(7);
        let events: Vec<Event> = (0..400).map(|number| event(&mut dice, number)).collect();
        let (mut rest, mut day) = (events.as_slice(), 1);
        for size in [1, 2, 90, 270, 7, 10, 20] {
            let (some, others) = rest.split_at(size);
            publish(store, some, &format!("2024-05-0{day}T00:00:00Z"));
            (rest, day) = (others, day + 1);
        }
        let everything = all(store, &EventQuery::default(), 1_000);
        assert_eq!(everything.len(), events.len());
        for stored in &everything {
            let number: usize =
                stored.event.id.as_ref().unwrap().rsplit(':').next().unwrap().parse().unwrap();
            let mut event = stored.event.clone();
            assert_eq!(event.record_time.take().as_ref(), Some(&stored.record_time));
            assert_eq!(event, events[number], "{url}");
        }
        let mut found = 0;
        for round in 0..200 {
            let pairs = pairs(&mut dice);
            let query = ask(&pairs);
            let size = 1 + dice.roll(if round % 8 == 0 { 12 } else { 300 });
            let (expected, answer) = (filtered(&everything, &query), all(store, &query, size));
            found += answer.len();
            if query.order_by.is_some() {
                assert_eq!(ids(&answer), ids(&expected), "{url} {pairs:?} by {size}");
            } else {
                let set = |events: &[StoredEvent]| ids(events).into_iter().collect::<BTreeSet<_>>();
                assert_eq!((answer.len(), set(&answer)), (expected.len(), set(&expected)), "{url} {pairs:?}");
            }
        }
        assert!(found > 2_000, "too few answers to prove anything: {found}");
    });
}

#[test]
fn later_documents_do_not_disturb_pages() {
    each_store("query_pages", |store, _| {
        let mut dice = Dice(11);
        let events: Vec<Event> = (0..60).map(|number| event(&mut dice, number)).collect();
        publish(store, &events[..40], "2024-05-01T00:00:00Z");
        let operator = Caller::operator();
        for order in ["eventTime", "recordTime"] {
            for direction in ["ASC", "DESC"] {
                let query = asked(&[("orderBy", order), ("orderDirection", direction)]);
                let first = store.events(&operator, &query, &Page { size: 15, token: None }).unwrap();
                assert_eq!(first.events.len(), 15);
                let from = if order == "eventTime" { 40 } else { 50 };
                if direction == "ASC" {
                    publish(store, &events[from..from + 10], "2024-05-02T00:00:00Z");
                }
                let token = first.next.map(Into::into);
                let second = store.events(&operator, &query, &Page { size: 1_000, token }).unwrap();
                let shown: BTreeSet<i64> = first.events.iter().chain(&second.events).map(|e| e.id).collect();
                let published = match (order, direction) {
                    ("eventTime", "ASC") => 40,
                    ("recordTime", "DESC") => 60,
                    _ => 50,
                };
                assert_eq!(shown.len(), published, "{order} {direction}");
                assert_eq!(second.next, None);
            }
        }
    });
}

#[test]
fn tokens_belong_to_one_question() {
    each_store("query_tokens", |store, _| {
        let mut dice = Dice(3);
        let events: Vec<Event> = (0..5).map(|number| event(&mut dice, number)).collect();
        publish(store, &events, "2024-05-01T00:00:00Z");
        let operator = Caller::operator();
        let query = asked(&[("orderBy", "eventTime")]);
        let token = store.events(&operator, &query, &Page { size: 2, token: None }).unwrap().next.unwrap();
        for (other, token) in [
            (asked(&[("orderBy", "recordTime")]), token.clone()),
            (asked(&[("orderBy", "eventTime"), ("EQ_action", "ADD")]), token.clone()),
            (query.clone(), token.replace('0', "g")),
            (query.clone(), String::new()),
        ] {
            let page = Page { size: 2, token: Some(token.into()) };
            let refused = store.events(&operator, &other, &page).unwrap_err();
            assert!(
                matches!(&refused, QueryError::Fault(fault) if fault.rule == "query-page-token"),
                "{refused}"
            );
        }
        let page = Page { size: 1, token: Some(token.into()) };
        assert_eq!(store.events(&operator, &query, &page).unwrap().events.len(), 1);
    });
}

#[test]
fn too_many_events_are_refused() {
    each_store("query_most", |store, _| {
        let mut dice = Dice(5);
        let events: Vec<Event> = (0..50).map(|number| event(&mut dice, number)).collect();
        publish(store, &events, "2024-05-01T00:00:00Z");
        let page = Page { size: 10, token: None };
        let answer = |most| store.events(&Caller::operator(), &asked(&[("maxEventCount", most)]), &page);
        assert!(matches!(answer("49"), Err(QueryError::TooLarge(49))));
        assert!(matches!(answer("5"), Err(QueryError::TooLarge(5))));
        assert_eq!(answer("50").unwrap().events.len(), 10);
        assert_eq!(all(store, &asked(&[("maxEventCount", "50")]), 7).len(), 50);
    });
}

#[test]
fn an_event_comes_with_its_error_declarations() {
    each_store("query_event", |store, _| {
        let mut dice = Dice(9);
        let mut events: Vec<Event> = (0..20).map(|number| event(&mut dice, number)).collect();
        events.retain(|event| event.error_declaration.is_none());
        let mut declared = events[2].clone();
        declared.error_declaration = Some(Box::new(ErrorDeclaration {
            declaration_time: EventTime::parse("2024-04-01T00:00:00Z").unwrap(),
            reason: None,
            corrective_event_ids: Vec::new(),
            extensions: Vec::new(),
        }));
        publish(store, &events, "2024-05-01T00:00:00Z");
        publish(store, std::slice::from_ref(&declared), "2024-05-02T00:00:00Z");
        // Sent again in another document, an event is linked, and answered once.
        publish(store, &events[2..4], "2024-05-03T00:00:00Z");
        let id = declared.id.as_deref().unwrap();
        let found = store.event(&Caller::operator(), id).unwrap();
        let kinds: Vec<bool> = found.iter().map(|found| found.event.error_declaration.is_some()).collect();
        assert_eq!(kinds, [false, true]);
        assert_eq!(all(store, &asked(&[("EQ_eventID", id)]), 5).len(), 2);
        assert_eq!(all(store, &EventQuery::default(), 1_000).len(), events.len() + 1);
        assert!(store.event(&Caller::operator(), "urn:example:none").unwrap().is_empty());
    });
}

#[test]
fn look_ups_use_the_index_at_any_size() {
    each_store("query_plan", |store, url| {
        // More events of one class than are taken one by one, in one large and many small documents.
        let events: Vec<Event> = (0..10_500)
            .map(|number| {
                let time = EventTime::parse(&format!("2024-03-01T{:02}:00:00Z", number % 24)).unwrap();
                let item = format!("urn:epc:id:sgtin:4012345.012345.{number}");
                let what =
                    What::Object { action: Action::Add, epcs: vec![Epc::parse(&item)], quantities: vec![] };
                let mut event = Event::new(time, ZoneOffset::UTC, what);
                let word = if number % 1_000 == 0 { "recalled" } else { "active" };
                event.disposition = Some(Term::parse(StandardVocabulary::Disposition, word));
                event
            })
            .collect();
        publish(store, &events[..10_300], "2024-05-01T00:00:00Z");
        for some in events[10_300..].chunks(20) {
            publish(store, some, "2024-05-02T00:00:00Z");
        }
        analyze(url);
        let class = ("MATCH_epc", "urn:epc:idpat:sgtin:4012345.012345.*");
        for order in ["eventTime", "recordTime"] {
            let recalled = asked(&[class, ("EQ_disposition", "recalled"), ("orderBy", order)]);
            assert_eq!(all(store, &recalled, 4).len(), 11, "{url} {order}");
            let none = asked(&[class, ("EQ_disposition", "damaged"), ("orderBy", order)]);
            assert!(all(store, &none, 4).is_empty());
            let narrow = asked(&[class, ("orderBy", order), ("GE_recordTime", "2024-05-02T00:00:00Z")]);
            assert_eq!(all(store, &narrow, 64).len(), 200, "{url} {order}");
        }
        for question in [
            vec![("MATCH_anyEPC", "https://id.gs1.org/01/04012345123456/21/4711")],
            vec![("EQ_eventID", "urn:example:event:1")],
            vec![("orderBy", "eventTime"), ("EQ_disposition", "recalled")],
            vec![("orderBy", "recordTime"), ("EQ_disposition", "recalled")],
            vec![class, ("orderBy", "eventTime")],
            vec![class, ("orderBy", "recordTime")],
        ] {
            let plans = store.explain(&Caller::operator(), &asked(&question)).unwrap();
            // Where every event has the key, reading them all is no mistake.
            let common =
                |statement: &str| question.contains(&class) && statement.starts_with("SELECT t.event");
            for (statement, plan) in plans.iter().filter(|(statement, _)| !common(statement)) {
                check_plan(url, statement, plan);
            }
        }
    });
}

/// Up-to-date statistics, as a server's own housekeeping would make them.
fn analyze(url: &str) {
    if url.starts_with("postgres:") {
        diesel::PgConnection::establish(url).unwrap().batch_execute("VACUUM ANALYZE").unwrap();
    }
}

/// No statement may read a table whole, but for the few rows of the table of blocks.
fn check_plan(url: &str, statement: &str, plan: &str) {
    let whole = |line: &str| {
        let read = line.contains("SCAN ") && !line.contains("USING") || line.contains("Seq Scan on ");
        let small = ["SCAN b", "Seq Scan on term_blocks", "Seq Scan on publications"];
        read && !small.iter().any(|small| line.contains(small))
    };
    assert!(!plan.lines().any(whole), "{url}\n{statement}\n{plan}");
    if statement.contains("FROM event_terms t WHERE t.block IN") {
        let by_key = plan.contains("PRIMARY KEY (block=? AND key=?") || plan.contains("event_terms_pkey");
        assert!(by_key, "{url}\n{statement}\n{plan}");
    }
}
