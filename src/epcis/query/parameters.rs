//! The parameters of `SimpleEventQuery` (EPCIS 2.0 §8.2.7.1), in one list: name, field, comparison, kind of value.

use crate::epcis::Action;
use crate::epcis::EventKind;
use crate::epcis::EventTime;
use crate::epcis::Term;
use crate::epcis::query::Bound;
use crate::epcis::query::Direction;
use crate::epcis::query::EpcPattern;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Field;
use crate::epcis::query::OrderBy;
use crate::epcis::query::Page;
use crate::epcis::query::PatternFault;
use crate::epcis::query::Predicate;
use crate::epcis::query::QueryFault;
use crate::epcis::query::Test;
use crate::epcis::query::fault::cut;
use crate::epcis::query::pattern::is_absolute;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::gs1::Epc;

use Comparison::Before;
use Comparison::Exists;
use Comparison::From;
use Comparison::Match;
use Comparison::OneOf;

const PARAMETERS: &[Parameter] = &[
    ("eventType", Field::EventType, OneOf, Kind::EventType),
    ("GE_eventTime", Field::EventTime, From, Kind::Time),
    ("LT_eventTime", Field::EventTime, Before, Kind::Time),
    ("GE_recordTime", Field::RecordTime, From, Kind::Time),
    ("LT_recordTime", Field::RecordTime, Before, Kind::Time),
    ("EQ_action", Field::Action, OneOf, Kind::Action),
    ("EQ_bizStep", Field::BizStep, OneOf, Kind::Word(StandardVocabulary::BizStep)),
    ("EQ_disposition", Field::Disposition, OneOf, DISPOSITION),
    ("EQ_persistentDisposition_set", Field::DispositionSet, OneOf, DISPOSITION),
    ("EQ_persistentDisposition_unset", Field::DispositionUnset, OneOf, DISPOSITION),
    ("EQ_readPoint", Field::ReadPoint, OneOf, Kind::Identifier),
    ("EQ_bizLocation", Field::BizLocation, OneOf, Kind::Identifier),
    ("EQ_bizTransaction_", Field::BizTransaction, OneOf, Kind::Reference),
    ("EQ_source_", Field::Source, OneOf, Kind::Identifier),
    ("EQ_destination_", Field::Destination, OneOf, Kind::Identifier),
    ("EQ_transformationID", Field::TransformationId, OneOf, Kind::Text),
    ("MATCH_epc", Field::Epc, Match, Kind::Pattern),
    ("MATCH_parentID", Field::Parent, Match, Kind::Pattern),
    ("MATCH_inputEPC", Field::InputEpc, Match, Kind::Pattern),
    ("MATCH_outputEPC", Field::OutputEpc, Match, Kind::Pattern),
    ("MATCH_anyEPC", Field::AnyEpc, Match, Kind::Pattern),
    ("MATCH_epcClass", Field::EpcClass, Match, Kind::Pattern),
    ("MATCH_inputEPCClass", Field::InputEpcClass, Match, Kind::Pattern),
    ("MATCH_outputEPCClass", Field::OutputEpcClass, Match, Kind::Pattern),
    ("MATCH_anyEPCClass", Field::AnyEpcClass, Match, Kind::Pattern),
    ("EQ_eventID", Field::EventId, OneOf, Kind::Text),
    ("EXISTS_errorDeclaration", Field::ErrorDeclarationTime, Exists, Kind::Flag),
    ("GE_errorDeclarationTime", Field::ErrorDeclarationTime, From, Kind::Time),
    ("LT_errorDeclarationTime", Field::ErrorDeclarationTime, Before, Kind::Time),
    ("EQ_errorReason", Field::ErrorReason, OneOf, Kind::Word(StandardVocabulary::ErrorReason)),
    ("EQ_correctiveEventID", Field::CorrectiveEventId, OneOf, Kind::Text),
];

const DISPOSITION: Kind = Kind::Word(StandardVocabulary::Disposition);

/// Spellings that GS1's query schema has and its text has not.
const ALIASES: &[(&str, &str)] = &[
    ("GE_errorDeclaration_Time", "GE_errorDeclarationTime"),
    ("LT_errorDeclaration_Time", "LT_errorDeclarationTime"),
];

const CONTROLS: &[&str] =
    &["orderBy", "orderDirection", "eventCountLimit", "maxEventCount", "perPage", "nextPageToken"];

/// The standard's parameters that stand in no list above, by their beginning: known, and refused as such.
const UNSUPPORTED: &[&str] =
    &["EQ_", "GT_", "GE_", "LT_", "LE_", "EXISTS_", "WD_", "HASATTR_", "EQATTR_", "EQ_ATTR_"];

/// A longer list is refused: it would be a program, no question.
const MOST_VALUES: usize = 1_000;

/// More events on one page than anybody waits for.
const LARGEST_PAGE: usize = 1_000;

/// Name (with a trailing `_` where a type follows), field, comparison, kind of value.
type Parameter = (&'static str, Field, Comparison, Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    OneOf,
    Match,
    From,
    Before,
    Exists,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    EventType,
    Action,
    Word(StandardVocabulary),
    /// A place or party.
    Identifier,
    /// A document: a GS1 key or any text, since senders write plain numbers too.
    Reference,
    Pattern,
    Text,
    Time,
    Flag,
}

/// The names of all parameters that are understood; one that ends with `_` is followed by a type.
pub const PARAMETER_NAMES: [&str; PARAMETERS.len() + CONTROLS.len()] = {
    let mut names = [""; PARAMETERS.len() + CONTROLS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = if at < PARAMETERS.len() { PARAMETERS[at].0 } else { CONTROLS[at - PARAMETERS.len()] };
        at += 1;
    }
    names
};

/// Reads a query from decoded pairs of name and value, lists delimited by `|` (EPCIS 2.0 §12.7).
///
/// An unknown, repeated or ill-typed parameter is refused, never ignored.
pub fn parse<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(EventQuery, Page), QueryFault> {
    let mut query = EventQuery::default();
    let mut page = Page::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in pairs {
        let canonical = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        let once = if CONTROLS.contains(&canonical) {
            control(canonical, value, &mut query, &mut page)?;
            canonical.to_owned()
        } else {
            let (parameter, qualifier) = find(canonical)?;
            if let Some(test) = test(parameter, name, value)? {
                query.predicates.push(Predicate { field: parameter.1, qualifier: qualifier.clone(), test });
            }
            format!("{}{}", parameter.0, qualifier.unwrap_or_default())
        };
        if seen.contains(&once) {
            return Err(repeated(name));
        }
        seen.push(once);
    }
    judge(&query, &seen)?;
    Ok((query, page))
}

/// The line of the list that a name means, and the type within the name as bare word or own URI.
fn find(name: &str) -> Result<(&'static Parameter, Option<Box<str>>), QueryFault> {
    for parameter in PARAMETERS {
        let Some(vocabulary) = parameter.1.qualifier() else {
            if parameter.0 == name {
                return Ok((parameter, None));
            }
            continue;
        };
        if let Some(kind) = name.strip_prefix(parameter.0) {
            return Ok((parameter, Some(word(name, vocabulary, kind)?)));
        }
    }
    Err(unknown(name))
}

fn test(parameter: &Parameter, name: &str, value: &str) -> Result<Option<Test>, QueryFault> {
    let (_, _, comparison, kind) = *parameter;
    Ok(Some(match comparison {
        Comparison::OneOf => {
            let mut texts =
                list(name, value)?.map(|text| canonical(name, kind, text)).collect::<Result<Vec<_>, _>>()?;
            texts.sort_unstable();
            texts.dedup();
            Test::OneOf(texts)
        }
        Comparison::Match => {
            let mut patterns =
                list(name, value)?.map(|text| pattern(name, text)).collect::<Result<Vec<_>, _>>()?;
            patterns.sort_unstable();
            patterns.dedup();
            Test::Matches(patterns)
        }
        Comparison::From => Test::From(time(name, value)?),
        Comparison::Before => Test::Before(time(name, value)?),
        Comparison::Exists if value == "false" => return Ok(None),
        Comparison::Exists => Test::Exists,
    }))
}

fn list<'a>(name: &str, value: &'a str) -> Result<impl Iterator<Item = &'a str>, QueryFault> {
    if value.split('|').nth(MOST_VALUES).is_some() {
        let message = format!("has more than {MOST_VALUES} values");
        return Err(QueryFault::new(name, "query-list-length", message, "ask in several queries"));
    }
    if value.split('|').any(|text| text.trim().is_empty()) {
        let mend = "give at least one value, and delimit several by |";
        return Err(QueryFault::new(name, "query-value-missing", "has an empty value", mend));
    }
    Ok(value.split('|').map(str::trim))
}

/// The text by which a value is compared.
fn canonical(name: &str, kind: Kind, text: &str) -> Result<Box<str>, QueryFault> {
    match kind {
        Kind::EventType if EventKind::parse(text).is_some() || is_absolute(text) => Ok(text.into()),
        Kind::EventType => Err(ill_typed(
            name,
            text,
            "no type of event",
            "write ObjectEvent or another of the five, or a URI",
        )),
        Kind::Action if Action::parse(text).is_some() => Ok(text.into()),
        Kind::Action => Err(ill_typed(name, text, "no action", "write ADD, OBSERVE or DELETE")),
        Kind::Word(vocabulary) => word(name, vocabulary, text),
        Kind::Identifier if is_absolute(text) => Ok(Epc::parse(text).key().into()),
        Kind::Reference => Ok(Epc::parse(text).key().into()),
        Kind::Text => Ok(text.into()),
        Kind::Identifier | Kind::Pattern | Kind::Time | Kind::Flag => {
            Err(ill_typed(name, text, "no URI", "write a URI such as urn:epc:id:… or https://…"))
        }
    }
}

fn word(name: &str, vocabulary: StandardVocabulary, text: &str) -> Result<Box<str>, QueryFault> {
    let term = Term::parse(vocabulary, text);
    if term.is_listed() || is_absolute(text) {
        return Ok(term.bare().into());
    }
    Err(ill_typed(
        name,
        text,
        "no word of the Core Business Vocabulary and no URI",
        "use a word of its list in any spelling, or your own URI",
    ))
}

fn pattern(name: &str, text: &str) -> Result<EpcPattern, QueryFault> {
    EpcPattern::parse(text).map_err(|fault| match fault {
        PatternFault::NoUri => ill_typed(
            name,
            text,
            "no URI",
            "write an EPC URN, a GS1 Digital Link or a pattern, urn:epc:idpat:…",
        ),
        PatternFault::Scheme => ill_typed(
            name,
            text,
            "a pattern of a scheme that has none",
            "use one such as sgtin, sscc or lgtin",
        ),
        PatternFault::Parts => {
            let mend =
                "give every part its scheme has, wildcards at the end, as in urn:epc:idpat:sgtin:4012345.*.*";
            ill_typed(name, text, "no pattern of its scheme", mend)
        }
        PatternFault::Malformed(flaw) => ill_typed(name, text, "a malformed pattern", flaw),
    })
}

fn time(name: &str, text: &str) -> Result<EventTime, QueryFault> {
    EventTime::parse(text).map_err(|_| {
        let mend = "write a time such as 2024-03-04T06:00:00.000Z; in a URL, a + is written %2B";
        ill_typed(name, text, "no time with a zone", mend)
    })
}

/// A parameter that says how to answer rather than what is asked.
fn control(name: &str, value: &str, query: &mut EventQuery, page: &mut Page) -> Result<(), QueryFault> {
    match (name, value) {
        ("orderBy", "eventTime") => query.order_by = Some(OrderBy::EventTime),
        ("orderBy", "recordTime") => query.order_by = Some(OrderBy::RecordTime),
        ("orderBy", _) => {
            return Err(ill_typed(name, value, "no field to order by here", "write eventTime or recordTime"));
        }
        ("orderDirection", "ASC") => query.direction = Direction::Ascending,
        ("orderDirection", "DESC") => query.direction = Direction::Descending,
        ("orderDirection", _) => return Err(ill_typed(name, value, "no direction", "write ASC or DESC")),
        ("perPage", _) => {
            let size = usize::try_from(count(name, value)?).unwrap_or(LARGEST_PAGE);
            page.size = size.min(LARGEST_PAGE);
        }
        ("nextPageToken", _) => page.token = Some(value.into()),
        _ => {
            let bound = if name == "maxEventCount" { Bound::AtMost } else { Bound::First };
            if query
                .bound
                .is_some_and(|other| std::mem::discriminant(&other) != std::mem::discriminant(&bound(0)))
            {
                let message = "stands beside the other limit";
                let mend = "give eventCountLimit or maxEventCount, not both";
                return Err(QueryFault::new(name, "query-parameter-exclusive", message, mend));
            }
            query.bound = Some(bound(count(name, value)?));
        }
    }
    Ok(())
}

fn count(name: &str, value: &str) -> Result<u64, QueryFault> {
    value
        .parse()
        .ok()
        .filter(|count| *count > 0 && i64::try_from(*count).is_ok())
        .ok_or_else(|| ill_typed(name, value, "no positive whole number", "write a number such as 30"))
}

/// What the parameters ask of each other.
fn judge(query: &EventQuery, seen: &[String]) -> Result<(), QueryFault> {
    if matches!(query.bound, Some(Bound::First(_))) && !seen.iter().any(|name| name == "orderBy") {
        let message = "has no meaning without an order";
        return Err(QueryFault::new("eventCountLimit", "query-order-missing", message, "give orderBy too"));
    }
    Ok(())
}

fn ill_typed(name: &str, value: &str, what: &str, mend: impl Into<Box<str>>) -> QueryFault {
    QueryFault::new(name, "query-value", format!("has the value “{}”, which is {what}", cut(value)), mend)
}

fn repeated(name: &str) -> QueryFault {
    let mend = "give it once, several values delimited by |";
    QueryFault::new(name, "query-parameter-repeated", "is given twice", mend)
}

fn unknown(name: &str) -> QueryFault {
    let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    if let Some(meant) = PARAMETER_NAMES.iter().find(|known| plain(known) == plain(name)) {
        return QueryFault::new(name, "query-parameter-unknown", "is not known", format!("write {meant}"));
    }
    if UNSUPPORTED.iter().any(|beginning| name.starts_with(beginning)) {
        let mend = "remove it; extension fields, sensor data, quantities, descendants and attributes cannot be asked about";
        return QueryFault::new(name, "query-parameter-unsupported", "is not supported here", mend);
    }
    let mend = "remove it, or use a parameter of SimpleEventQuery, such as EQ_bizStep or MATCH_anyEPC";
    QueryFault::new(name, "query-parameter-unknown", "is not known", mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<(EventQuery, Page), QueryFault> {
        parse(pairs.iter().copied())
    }

    /// The rule and the parameter of the fault.
    fn check(pairs: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let fault = read(pairs).err();
        let found = fault.as_ref().map(|fault| (fault.rule, &*fault.parameter));
        assert_eq!(found, expected, "{pairs:?} {fault:?}");
    }

    fn one_of(pairs: &[(&str, &str)]) -> Vec<Box<str>> {
        match &read(pairs).unwrap().0.predicates[0].test {
            Test::OneOf(texts) => texts.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_words_in_every_spelling() {
        let texts = "https://ref.gs1.org/cbv/BizStep-shipping|urn:epcglobal:cbv:bizstep:receiving|cbv:BizStep-packing|shipping";
        assert_eq!(one_of(&[("EQ_bizStep", texts)]), ["packing", "receiving", "shipping"].map(Box::from));
        assert_eq!(
            one_of(&[("EQ_readPoint", "urn:epc:id:sgln:4012345.00011.0")]),
            ["/414/4012345000115".into()]
        );
    }

    #[test]
    fn reads_types_within_names() {
        for kind in ["po", "urn:epcglobal:cbv:btt:po", "https://ref.gs1.org/cbv/BTT-po"] {
            let name = format!("EQ_bizTransaction_{kind}");
            let (query, _) = read(&[(&name, "urn:epcglobal:cbv:bt:0614141073467:152")]).unwrap();
            assert_eq!(query.predicates[0].qualifier.as_deref(), Some("po"), "{name}");
        }
        let (query, _) = read(&[("EQ_source_urn:example:a_b", "urn:epc:id:pgln:4012345.00225")]).unwrap();
        assert_eq!(query.predicates[0].qualifier.as_deref(), Some("urn:example:a_b"));
        assert_eq!(query.predicates[0].test, Test::OneOf(vec!["/417/4012345002256".into()]));
    }

    #[test]
    fn reads_how_to_answer() {
        let (query, page) = read(&[
            ("orderBy", "eventTime"),
            ("orderDirection", "ASC"),
            ("eventCountLimit", "5"),
            ("perPage", "9000"),
            ("nextPageToken", "x"),
        ])
        .unwrap();
        assert_eq!((query.order_by, query.direction), (Some(OrderBy::EventTime), Direction::Ascending));
        assert_eq!(
            (query.bound, page.size, page.token.as_deref()),
            (Some(Bound::First(5)), 1_000, Some("x"))
        );
        let (query, page) = read(&[]).unwrap();
        assert_eq!((query, page), (EventQuery::default(), Page { size: 30, token: None }));
    }

    #[test]
    fn a_flag_that_is_false_asks_nothing() {
        assert!(read(&[("EXISTS_errorDeclaration", "false")]).unwrap().0.predicates.is_empty());
        for value in ["", "true", "1"] {
            assert_eq!(read(&[("EXISTS_errorDeclaration", value)]).unwrap().0.predicates.len(), 1);
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        check(&[("EQ_bizstep", "shipping")], Some(("query-parameter-unknown", "EQ_bizstep")));
        check(&[("color", "red")], Some(("query-parameter-unknown", "color")));
        for name in [
            "WD_readPoint",
            "EQ_quantity",
            "GE_value_KEL",
            "EQ_ILMD_cbvmda:lotNumber",
            "EXISTS_sensorElementList",
            "HASATTR_bizLocation",
            "EQ_example:field",
            "GT_eventTime",
        ] {
            check(&[(name, "1")], Some(("query-parameter-unsupported", name)));
        }
        assert_eq!(&*read(&[("match_anyepc", "x:y")]).unwrap_err().mend, "write MATCH_anyEPC");
    }

    #[test]
    fn refuses_repeats() {
        let time = "2024-03-04T06:00:00Z";
        check(
            &[("GE_errorDeclarationTime", time), ("GE_errorDeclaration_Time", time)],
            Some(("query-parameter-repeated", "GE_errorDeclaration_Time")),
        );
        check(
            &[("EQ_source_location", "a:b"), ("EQ_source_urn:epcglobal:cbv:sdt:location", "a:b")],
            Some(("query-parameter-repeated", "EQ_source_urn:epcglobal:cbv:sdt:location")),
        );
        check(&[("perPage", "1"), ("perPage", "1")], Some(("query-parameter-repeated", "perPage")));
        check(&[("EQ_source_location", "a:b"), ("EQ_source_owning_party", "a:b")], None);
    }

    #[test]
    fn refuses_ill_typed_values() {
        for (name, value) in [
            ("EQ_action", "add"),
            ("EQ_bizStep", "dancing"),
            ("EQ_bizTransaction_foo", "a:b"),
            ("EQ_readPoint", "dock 5"),
            ("eventType", "Object"),
            ("GE_eventTime", "2024-03-04T06:00:00"),
            ("GE_eventTime", "2024-03-04T06:00:00 01:00"),
            ("MATCH_epc", "04012345123456"),
            ("MATCH_epc", "urn:epc:idpat:sgtin:4012345.*"),
            ("orderBy", "bizStep"),
            ("orderDirection", "asc"),
            ("perPage", "0"),
            ("maxEventCount", "-1"),
            ("maxEventCount", "99999999999999999999"),
        ] {
            check(&[(name, value)], Some(("query-value", name)));
        }
        check(&[("EQ_bizStep", "shipping|")], Some(("query-value-missing", "EQ_bizStep")));
        check(&[("EQ_bizStep", "")], Some(("query-value-missing", "EQ_bizStep")));
        let many = vec!["a:b"; 1_001].join("|");
        check(&[("EQ_eventID", &many)], Some(("query-list-length", "EQ_eventID")));
    }

    #[test]
    fn refuses_limits_that_contradict() {
        check(&[("eventCountLimit", "1")], Some(("query-order-missing", "eventCountLimit")));
        check(
            &[("orderBy", "eventTime"), ("eventCountLimit", "1"), ("maxEventCount", "1")],
            Some(("query-parameter-exclusive", "maxEventCount")),
        );
        check(&[("maxEventCount", "1")], None);
    }

    #[test]
    fn the_list_names_each_parameter_once() {
        let mut names = PARAMETER_NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARAMETER_NAMES.len());
        for (name, field, ..) in PARAMETERS {
            assert_eq!(name.ends_with('_'), field.qualifier().is_some(), "{name}");
        }
    }
}
