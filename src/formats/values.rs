//! Reading single values, the same for every form: what is accepted, what is tolerated, what is refused.

use crate::epcis::Action;
use crate::epcis::Decimal;
use crate::epcis::EventTime;
use crate::epcis::FieldKind;
use crate::epcis::SensorField;
use crate::epcis::SensorValue;
use crate::epcis::Term;
use crate::epcis::TimeFault;
use crate::epcis::ZoneOffset;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::formats::Fault;
use crate::formats::Severity;
use crate::gs1::Epc;
use crate::gs1::Series;

/// A value, and what was tolerated in it.
pub type Tolerant<T> = (T, Option<Fault>);

/// Reads a time (EPCIS 2.0 §7.3.4.1). One without a zone, which the 1.x schema allows, is taken as UTC with a warning.
pub fn event_time(text: &str) -> Result<Tolerant<EventTime>, Fault> {
    let text = text.trim();
    match EventTime::parse(text) {
        Ok(time) => Ok((time, None)),
        Err(TimeFault::NoZone) => match EventTime::parse(&format!("{text}Z")) {
            Ok(time) => Ok((
                time,
                Some(Fault::warning(
                    "time-zone",
                    format!("the time {text} has no zone and was taken as UTC"),
                    "end the time with Z or an offset such as -05:00",
                )),
            )),
            Err(fault) => Err(time_fault(text, fault)),
        },
        Err(TimeFault::Form) => without_seconds(text).ok_or_else(|| time_fault(text, TimeFault::Form)),
        Err(fault) => Err(time_fault(text, fault)),
    }
}

/// Reads `2006-11-07T13:00Z`, which lacks the seconds, as the full minute.
fn without_seconds(text: &str) -> Option<Tolerant<EventTime>> {
    let (minute, zone) = (text.get(..16)?, text.get(16..)?);
    let time = EventTime::parse(&format!("{minute}:00{zone}")).ok()?;
    let message = format!("the time {text} has no seconds and was taken as the full minute");
    Some((time, Some(Fault::warning("time-seconds", message, "write the seconds, such as 13:00:00Z"))))
}

fn time_fault(text: &str, fault: TimeFault) -> Fault {
    Fault::error(
        "time-form",
        format!("the time {} {fault}", shown(text)),
        "write a time such as 2024-03-04T06:00:00.000Z",
    )
}

/// Reads `eventTimeZoneOffset` (§7.3.4.3). `Z`, which the XML schema allows, is taken as `+00:00` with a warning.
pub fn zone_offset(text: &str) -> Result<Tolerant<ZoneOffset>, Fault> {
    let text = text.trim();
    let fix = "write an offset between -14:00 and +14:00, such as -05:00";
    let offset = ZoneOffset::parse(text).map_err(|fault| {
        Fault::error("time-zone-offset", format!("the offset {} {fault}", shown(text)), fix)
    })?;
    let lax =
        (text == "Z").then(|| Fault::warning("time-zone-offset", "the offset Z was taken as +00:00", fix));
    Ok((offset, lax))
}

/// Reads `action` (§7.3.2).
pub fn action(text: &str) -> Result<Action, Fault> {
    Action::parse(text.trim()).ok_or_else(|| {
        Fault::error("action", format!("{} is no action", shown(text)), "write ADD, OBSERVE or DELETE")
    })
}

/// Reads an identifier. A malformed one is kept as sent, with a warning: the sender's list stays whole.
pub fn epc(text: &str, series: &mut Series) -> Tolerant<Epc> {
    let (epc, malformed) = series.judge(text.trim());
    let fault = malformed.map(|malformed| {
        Fault::warning("identifier", malformed.to_string(), "correct the identifier at its source")
    });
    (epc, fault)
}

/// Reads a word of a vocabulary in any spelling. A word of standard form that CBV does not list is kept with a warning.
/// What is neither a word nor a URI is refused as a business step or disposition, by which events are understood, and
/// kept with a warning elsewhere.
pub fn term(vocabulary: StandardVocabulary, text: &str) -> Result<Tolerant<Term>, Fault> {
    let text = text.trim();
    let term = Term::parse(vocabulary, text);
    let fix = "use a word of the Core Business Vocabulary, or a URI of your own";
    let name = vocabulary_name(vocabulary);
    if term.is_listed() || (term.is_own() && is_uri(text)) {
        return Ok((term, None));
    }
    if text.contains(':') && !text.contains(char::is_whitespace) {
        let fault = Fault::warning("vocabulary-word", format!("CBV lists no {name} {}", shown(text)), fix);
        return Ok((term, Some(fault)));
    }
    let message = format!("{} is no {name} of CBV and no URI", shown(text));
    if matches!(vocabulary, StandardVocabulary::BizStep | StandardVocabulary::Disposition) {
        return Err(Fault::error("vocabulary-word", message, fix));
    }
    Ok((term, Some(Fault::warning("vocabulary-word", message, fix))))
}

/// Reads a lasting disposition, of which an unknown one is kept with a warning.
pub fn persistent_disposition(text: &str) -> Tolerant<Term> {
    term(StandardVocabulary::Disposition, text).unwrap_or_else(|fault| {
        let lax = Fault { severity: Severity::Warning, ..fault };
        (Term::parse(StandardVocabulary::Disposition, text.trim()), Some(lax))
    })
}

fn vocabulary_name(vocabulary: StandardVocabulary) -> &'static str {
    match vocabulary {
        StandardVocabulary::BizStep => "business step",
        StandardVocabulary::Disposition => "disposition",
        StandardVocabulary::BizTransactionType => "business transaction type",
        StandardVocabulary::SourceDestType => "source or destination type",
        StandardVocabulary::ErrorReason => "error reason",
        StandardVocabulary::SensorAlert => "sensor alert type",
        StandardVocabulary::Component => "component",
        StandardVocabulary::MeasurementType => "measurement type",
    }
}

/// Reads a number.
pub fn decimal(text: &str) -> Result<Decimal, Fault> {
    Decimal::parse(text.trim()).ok_or_else(|| {
        Fault::error("number", format!("{} is no decimal number", shown(text)), "write a number such as 12.5")
    })
}

/// Reads a URI. What is none is kept as sent with a warning.
pub fn uri(text: &str) -> Tolerant<Box<str>> {
    let text = text.trim();
    let fault = (!is_uri(text)).then(|| {
        Fault::warning(
            "uri",
            format!("{} is no absolute URI", shown(text)),
            "write a URI such as urn:uuid:… or https://…",
        )
    });
    (text.into(), fault)
}

/// Reads one value of a sensor field (§7.3.7).
pub fn sensor_value(field: SensorField, text: &str) -> Result<Tolerant<SensorValue>, Fault> {
    let text = text.trim();
    Ok(match field.kind() {
        FieldKind::Uri => {
            let (uri, lax) = uri(text);
            (SensorValue::Text(uri), lax)
        }
        FieldKind::Text => (SensorValue::Text(text.into()), None),
        FieldKind::Decimal => (SensorValue::Decimal(decimal(text)?), None),
        FieldKind::Time => {
            let (time, lax) = event_time(text)?;
            (SensorValue::Time(time), lax)
        }
        FieldKind::Boolean => match text {
            "true" | "1" => (SensorValue::Boolean(true), None),
            "false" | "0" => (SensorValue::Boolean(false), None),
            _ => {
                return Err(Fault::error(
                    "boolean",
                    format!("{} is neither true nor false", shown(text)),
                    "write true or false",
                ));
            }
        },
        FieldKind::HexBinary => {
            if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Fault::error(
                    "hex-binary",
                    format!("{} is not hexadecimal", shown(text)),
                    "write pairs of hexadecimal digits",
                ));
            }
            (SensorValue::Text(text.into()), None)
        }
        FieldKind::Term(vocabulary) => {
            let (term, lax) = term(vocabulary, text)?;
            (SensorValue::Term(term), lax)
        }
    })
}

/// True for an absolute URI by its form: a scheme, a colon, something behind it, and no character that a URI excludes.
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.bytes().any(|byte| {
            byte <= b' ' || matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        })
}

/// A sender's text as a message quotes it: cut short, control characters escaped.
pub fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("“{shown}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_uri(text: &str, expected: bool) {
        assert_eq!(is_uri(text), expected, "{text}");
    }

    #[test]
    fn knows_uris() {
        check_uri("urn:epc:id:sgtin:1.2.3", true);
        check_uri("https://id.gs1.org/01/09520123456788", true);
        check_uri("example:x", true);
        check_uri("PO 123", false);
        check_uri("nocolon", false);
        check_uri("urn:", false);
        check_uri("urn:a b", false);
        check_uri("1a:b", false);
    }

    #[test]
    fn tolerates_times_without_zone() {
        let (time, lax) = event_time(" 2024-03-04T06:00:00 ").unwrap();
        assert_eq!(time.as_str(), "2024-03-04T06:00:00Z");
        assert_eq!(lax.unwrap().rule, "time-zone");
        assert!(event_time("now").is_err());
    }

    #[test]
    fn refuses_words_that_are_no_uri() {
        assert!(term(StandardVocabulary::BizStep, "foo").is_err());
        assert!(term(StandardVocabulary::BizStep, "shipping").unwrap().1.is_none());
        assert!(term(StandardVocabulary::BizStep, "urn:epcglobal:cbv:bizstep:foo").unwrap().1.is_some());
        assert!(term(StandardVocabulary::BizStep, "urn:example:foo").unwrap().1.is_none());
    }

    #[test]
    fn quotes_what_senders_wrote() {
        assert_eq!(shown("a\nb"), "“a\\nb”");
        assert!(shown(&"x".repeat(500)).chars().count() < 90);
    }
}
