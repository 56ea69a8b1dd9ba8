//! Identifiers: URNs, Digital Links and company prefixes against the vectors of other projects.

use std::error::Error;
use std::fs;

use serde_json::Value;

use epcgate::gs1::CompanyPrefixes;
use epcgate::gs1::Epc;
use epcgate::gs1::Flaw;
use epcgate::gs1::Malformed;
use epcgate::gs1::PrefixTable;
use epcgate::gs1::Scheme;
use epcgate::gs1::check_digit;
use epcgate::gs1::digital_link;
use epcgate::gs1::unescape;

use crate::corpus;

/// Inputs where we differ on purpose, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("https://id.gs1.org/8010/123457-57578", "a company prefix is digits only; theirs holds a hyphen"),
    ("https://id.gs1.org/253/8934893489494\":?>", QUERY),
    ("https://id.gs1.org/8004/7324878;><=?", QUERY),
    ("https://id.gs1.org/8003/043847837483703:;<>=?AZ_az", QUERY),
    ("https://id.gs1.org/01/57875874837438/235/19:;<=>?AZ_az", QUERY),
    (
        "https://id.gs1.org/8010/12345678901234A/8011/1111",
        "well formed; theirs was asked with an impossible company prefix length, which the line has lost",
    ),
    (
        "https://id.gs1.org/8010/12345678A9012/8011/1010",
        "a company prefix of ten digits does not fit before a letter at the ninth place",
    ),
    (
        "https://id.gs1.org/8010/9520885039434/38",
        "their converter takes it and their validator refuses it; we take it",
    ),
    ("/255/12345678901234", "no absolute URI, which is all that EPCIS takes (and they refuse it elsewhere)"),
    ("https://a/gtin/12312312312333", "short names are read by default; that library has them as a setting"),
    (
        "https://a/8004/9520614141234567?01=2112345678900",
        "a GTIN-13 is read; that library has it as a setting",
    ),
];

const QUERY: &str =
    "an unescaped question mark starts the query string (RFC 3986), and is no part of a serial number";

/// What a line gives: agreement, a difference, or that it asks for something we do not have.
enum Outcome {
    Agrees,
    Differs(String),
    NotOurs,
}

type Check = fn(&Value) -> Outcome;

const FILES: &[(&str, Check)] = &[
    ("epc/hash_identifier_normalisation.jsonl", hash_normalisation),
    ("epc/epc_digitallink.jsonl", conversion),
    ("epc/identifier_validation.jsonl", validation),
    ("epc/gcp_length.jsonl", company_prefix_length),
    ("digitallink/extract_ais.jsonl", application_identifiers),
    ("digitallink/shortnames.jsonl", short_names),
    ("digitallink/uri_unescape.jsonl", percent_decoding),
    ("digitallink/parse.jsonl", digital_link_parsing),
];

#[test]
fn every_line_agrees_or_deviates_on_purpose() {
    let (mut asked, mut wrong) = (0, Vec::new());
    let mut deviated = vec![0; DEVIATIONS.len()];
    for (file, check) in FILES {
        let vectors = vectors(file).unwrap();
        assert!(!vectors.is_empty(), "{file} is empty");
        for vector in vectors {
            let input = text_of(&vector, "input");
            match check(&vector) {
                Outcome::NotOurs => continue,
                Outcome::Agrees => {}
                Outcome::Differs(difference) => {
                    match DEVIATIONS.iter().position(|(listed, _)| *listed == input) {
                        Some(place) => deviated[place] += 1,
                        None => wrong.push(format!("{file}: {input}: {difference}")),
                    }
                }
            }
            asked += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} lines differ\n{}", wrong.len(), wrong.join("\n"));
    for ((input, reason), times) in DEVIATIONS.iter().zip(&deviated) {
        assert!(*times > 0, "{input} is listed as deviating ({reason}), and agrees");
    }
    let deviating: usize = deviated.iter().sum();
    assert!(asked > 600, "only {asked} lines were asked");
    assert!(
        deviating * 50 < asked,
        "{deviating} of {asked} lines deviate, which is two in a hundred or more"
    );
}

/// Translating twice changes nothing, and every form has the identity and the parts of the one it came from.
#[test]
fn translations_are_stable() {
    let prefixes = CompanyPrefixes::builtin();
    let mut translated = 0;
    for vector in FILES.iter().flat_map(|(file, _)| vectors(file).unwrap()) {
        let epc = Epc::parse(text_of(&vector, "input"));
        let Ok(link) = epc.to_digital_link() else { continue };
        let mut forms = vec![link];
        forms.extend(epc.to_urn(&prefixes));
        for form in forms {
            let again = Epc::parse(&form);
            assert_eq!(again.fault(), None, "{epc}");
            assert_eq!((again.key(), again.class_key()), (epc.key(), epc.class_key()), "{epc} and {form}");
            assert_eq!((again.serial(), again.lot()), (epc.serial(), epc.lot()), "{epc} and {form}");
            let twice =
                if form.starts_with("urn:") { again.to_urn(&prefixes) } else { again.to_digital_link() };
            assert_eq!(twice.unwrap(), form);
            translated += 1;
        }
    }
    assert!(translated > 300, "only {translated} were translated");
}

/// The table built in says what the rows it was made from say, and nothing else.
#[test]
fn the_built_in_prefix_table_is_made_from_the_published_rows() {
    let rows = fs::read_to_string(corpus::shared().join("corpus/gcp/prefix_lengths.tsv")).unwrap();
    let entries: Vec<(&str, u8)> = rows
        .lines()
        .map(|row| row.split_once('\t').map(|(prefix, length)| (prefix, length.parse().unwrap())).unwrap())
        .collect();
    let prefixes = CompanyPrefixes::builtin();
    let built_in = prefixes.table();
    let made = PrefixTable::new(built_in.date(), built_in.origin(), entries.iter().copied()).unwrap();
    assert!(made == *built_in);
    for (prefix, length) in &entries {
        // Rows of the table with longer prefixes may lie within this one, but not at all its numbers.
        let found = ["0", "1", "5", "9"].iter().any(|digit| {
            let digits = format!("{prefix:<12}").replace(' ', digit);
            built_in.length_of(&digits).unwrap_or_default() == *length
        });
        assert!(found, "{prefix} should have {length}");
    }
}

fn vectors(file: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = fs::read_to_string(corpus::shared().join("corpus/vectors").join(file))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn text_of<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_default()
}

fn compare<T: PartialEq + std::fmt::Debug>(expected: T, actual: T) -> Outcome {
    if expected == actual {
        return Outcome::Agrees;
    }
    Outcome::Differs(format!("expected {expected:?}, got {actual:?}"))
}

fn hash_normalisation(vector: &Value) -> Outcome {
    let mut out = String::new();
    let written = digital_link::write_canonical_for_hash(text_of(vector, "input"), &mut out);
    compare(vector["expected"].as_str(), written.then_some(out.as_str()))
}

fn conversion(vector: &Value) -> Outcome {
    let function = text_of(vector, "function");
    let ok = vector["ok"] == Value::Bool(true);
    let converted =
        tolerating_check_digits(ok, text_of(vector, "input"), |input| convert(vector, function, input));
    // That project copies the escapes of a serial across, we write those of the target; decoded, both are one.
    compare(vector["expected"].as_str().map(unescape), converted.as_deref().map(unescape))
}

fn convert(vector: &Value, function: &str, input: &str) -> Result<Option<String>, Malformed> {
    let epc = Epc::parse(input);
    let Some(scheme) = epc.scheme() else { return epc.fault().map_or(Ok(None), Err) };
    if scheme.is_class() != function.contains("Class") {
        return Ok(None);
    }
    if function.starts_with("toURI") {
        return epc.to_digital_link().map(Some);
    }
    epc.to_urn(&prefixes(vector)?).map(Some)
}

/// The prefixes a line asks for: one length for all keys, or GS1's table.
fn prefixes(vector: &Value) -> Result<CompanyPrefixes, Malformed> {
    let builtin = CompanyPrefixes::builtin();
    let Some(length) = vector["gcp_length"].as_u64() else { return Ok(builtin) };
    let length = u8::try_from(length).unwrap_or_default();
    ('0'..='9').try_fold(builtin, |prefixes, digit| prefixes.with_override(&digit.to_string(), length))
}

/// That project takes keys with a wrong check digit unless told to look; we always look. Where the line says
/// that the input is good, it is asked again with the right check digit.
fn tolerating_check_digits(
    ok: bool,
    input: &str,
    ask: impl Fn(&str) -> Result<Option<String>, Malformed>,
) -> Option<String> {
    match ask(input) {
        Err(error) if ok && matches!(error.flaw(), Flaw::CheckDigit { .. }) => {
            ask(&with_check_digit(input)).ok().flatten()
        }
        answer => answer.ok().flatten(),
    }
}

/// Puts the right check digit into the key of a Digital Link.
fn with_check_digit(input: &str) -> String {
    const KEYS: &[(&str, usize)] = &[
        ("/00/", 18),
        ("/01/", 14),
        ("/253/", 13),
        ("/255/", 13),
        ("/402/", 17),
        ("/414/", 13),
        ("/417/", 13),
        ("/8003/", 14),
        ("/8006/", 14),
        ("/8017/", 18),
        ("/8018/", 18),
    ];
    let key = KEYS.iter().find_map(|(name, length)| Some((input.find(name)? + name.len(), length)));
    let Some((start, length)) = key else { return input.to_owned() };
    let last = start + length - 1;
    let digit = check_digit::compute(&input[start..last]).unwrap_or('?');
    format!("{}{digit}{}", &input[..last], &input[last + 1..])
}

fn validation(vector: &Value) -> Outcome {
    let ok = vector["ok"] == Value::Bool(true);
    let input = text_of(vector, "input");
    let has_attributes =
        input.contains('?') || ["/15/", "/16/", "/17/"].iter().any(|name| input.contains(name));
    if text_of(vector, "profile") == "plain-digital-link" && has_attributes {
        // Expiry dates and weights are no part of an EPC, and we do not judge them.
        return Outcome::NotOurs;
    }
    let looks = vector["args"][0].as_str() == Some("validationContext");
    let found = tolerating_check_digits(ok && !looks, input, |input| {
        let epc = Epc::parse(input);
        if let Some(fault) = epc.fault() {
            return Err(fault);
        }
        // A length of the company prefix no key can have makes the identifier wrong for that project.
        if !ok && !vector["gcp_length"].is_null() {
            epc.to_urn(&prefixes(vector)?)?;
        }
        Ok(epc.scheme().filter(|scheme| *scheme != Scheme::Pattern).map(|_| input.to_owned()))
    });
    compare(ok, found.is_some())
}

fn company_prefix_length(vector: &Value) -> Outcome {
    let length = Epc::parse(text_of(vector, "input")).company_prefix_length(&CompanyPrefixes::builtin());
    compare(vector["expected"].as_u64(), length.map(u64::from))
}

fn application_identifiers(vector: &Value) -> Outcome {
    let found = digital_link::elements(text_of(vector, "input")).unwrap_or_default();
    let found: Value = found.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    compare(&vector["expected"], &found)
}

fn short_names(vector: &Value) -> Outcome {
    let elements = |name| digital_link::elements(text_of(vector, name)).unwrap_or_default();
    match elements("expected") {
        expected if expected.is_empty() => {
            Outcome::Differs("the expected form is no Digital Link".to_owned())
        }
        expected => compare(expected, elements("input")),
    }
}

fn percent_decoding(vector: &Value) -> Outcome {
    compare(text_of(vector, "expected"), &unescape(text_of(vector, "input")))
}

fn digital_link_parsing(vector: &Value) -> Outcome {
    let input = text_of(vector, "input");
    let ok = vector["ok"] == Value::Bool(true);
    if input.contains("89=") || input.contains("999=") {
        // An EPC is read whatever its data attributes are; the elements of the same links are judged in scans.rs.
        return Outcome::NotOurs;
    }
    let epc = Epc::parse(input);
    let is_short = epc.gtin().is_some_and(|gtin| !input.contains(gtin.as_str()));
    if is_short && !ok && vector["settings"]["PermitZeroSuppressedGTINinDLuris"] == "false" {
        // The same input is expected to be read where short GTINs are permitted, as they are here.
        return Outcome::NotOurs;
    }
    let found = epc.scheme().and_then(|_| digital_link::elements(input).ok());
    let found = found.map(|found| found.into_iter().map(|(name, value)| format!("{name}{value}")).collect());
    compare(vector["expected"].as_str().map(|text| text.replace('^', "")), found)
}
