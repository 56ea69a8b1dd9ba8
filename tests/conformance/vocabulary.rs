//! Vocabulary: the spellings of CBV words against the vectors of another project.

use std::fs;

use serde_json::Value;

use epcgate::epcis::Term;
use epcgate::epcis::vocabulary::Spelling;
use epcgate::epcis::vocabulary::StandardVocabulary;
use epcgate::gs1::digital_link;

use crate::corpus;

const VOCABULARIES: [StandardVocabulary; 5] = [
    StandardVocabulary::BizStep,
    StandardVocabulary::Disposition,
    StandardVocabulary::BizTransactionType,
    StandardVocabulary::SourceDestType,
    StandardVocabulary::ErrorReason,
];

#[test]
fn every_line_agrees() {
    let text = fs::read_to_string(corpus::shared().join("corpus/vectors/epc/cbv_vocabulary.jsonl")).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let Some(input) = vector["input"].as_str() else { continue };
        let found = convert(&vector, input);
        asked += 1;
        if vector["expected"] != *found {
            wrong.push(format!("{line}\n   gives {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} lines differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 100, "only {asked} lines were asked");
}

fn convert(vector: &Value, input: &str) -> String {
    match vector["function"].as_str().unwrap_or_default() {
        "toBareStringVocabulary" => of_any_vocabulary(input, Spelling::Bare),
        "toUrnVocabulary" => of_any_vocabulary(input, Spelling::Urn),
        "toWebURIVocabulary" => of_any_vocabulary(input, Spelling::WebUri),
        "toCbvVocabulary" => of_field(input, vector["args"][0].as_str(), vector["args"][1].as_str()),
        "shortNameReplacer" => canonical(input),
        other => panic!("an unknown function {other}"),
    }
}

/// The word in another spelling; what is in no spelling that names its vocabulary stays.
fn of_any_vocabulary(input: &str, spelling: Spelling) -> String {
    let terms = VOCABULARIES.iter().map(|vocabulary| Term::parse(*vocabulary, input));
    let mut named = terms.filter(|term| !term.is_own() && term.spelling() != Spelling::Bare);
    named.next().map_or_else(|| input.to_owned(), |term| term.spelt(spelling).into_owned())
}

fn of_field(input: &str, field: Option<&str>, form: Option<&str>) -> String {
    let spelling = match form.unwrap_or_default().to_lowercase().as_str() {
        "urn" => Spelling::Urn,
        "weburi" => Spelling::WebUri,
        _ => return input.to_owned(),
    };
    let vocabulary = match field.unwrap_or_default().to_lowercase().as_str() {
        "bizstep" => StandardVocabulary::BizStep,
        "disposition" | "persistentdisposition" => StandardVocabulary::Disposition,
        "biztransaction" | "biztransactionlist" => StandardVocabulary::BizTransactionType,
        "source" | "sourcelist" | "destination" | "destinationlist" => StandardVocabulary::SourceDestType,
        "errordeclaration" | "reason" => StandardVocabulary::ErrorReason,
        _ => return of_any_vocabulary(input, spelling),
    };
    Term::parse(vocabulary, input).spelt(spelling).into_owned()
}

fn canonical(input: &str) -> String {
    let mut link = String::new();
    let is_key = input.starts_with("http") && digital_link::write_canonical_for_hash(input, &mut link);
    if is_key { link } else { input.to_owned() }
}
