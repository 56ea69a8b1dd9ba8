//! Scans in JSON: what was read of each label, and what is off with it.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::dscsa::Ndc;
use crate::dscsa::read_scans;
use crate::formats::products::ndc_forms;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Diagnosis;
use crate::gs1::Scan;
use crate::gs1::ScanFault;
use crate::gs1::application_identifier;

/// Characters of a scan that are shown again.
const SHOWN: usize = 200;

/// Scans to be read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ScansRequest {
    /// What scanners, cameras and people gave, each as it came.
    pub scans: Vec<String>,
    /// What is known of them all: chooses among readings where a separator was lost. Nothing else is made of it.
    pub known: Option<Known>,
}

/// What is known of a package before it is scanned.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Known {
    /// Its serial number.
    pub serial: Option<String>,
    /// Its lot.
    pub lot: Option<String>,
    /// Its expiry date, `YYMMDD` as on the label.
    pub expiry: Option<String>,
}

/// What was read of one label.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanForm {
    /// Which of the scans it comes from, counted from 0; a scan may hold several labels.
    pub scan: usize,
    /// The scan as it came, its first 200 characters.
    pub input: String,
    /// False where the scan names nothing; `diagnoses` says why.
    pub readable: bool,
    /// `scanned`, `typed` or `mended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'static str>,
    /// True where what does not match may be the scan's fault.
    pub doubtful: bool,
    /// Kind of code, such as `GS1 DataMatrix`, where the scanner tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbology: Option<&'static str>,
    /// Name of the scheme, such as `sgtin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The trade item, 14 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// Serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Expiry date as scanned, `YYMMDD`, whose day may be 00.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// The day that means, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The logistic unit, 18 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sscc: Option<String>,
    /// All fields of the label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<ElementForm>,
    /// EPC URN, where there is one and the length of the company prefix is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urn: Option<String>,
    /// Canonical Digital Link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digital_link: Option<String>,
    /// The NDCs that the digits of the trade item may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub ndc: Vec<Value>,
    /// What is off, in words.
    pub diagnoses: Vec<DiagnosisForm>,
}

/// One field of a label.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ElementForm {
    /// Application identifier.
    pub ai: String,
    /// What the value is.
    pub name: &'static str,
    /// The value, decoded.
    pub value: String,
}

/// What is off with a scan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosisForm {
    /// Its kind, for programs.
    pub symptom: &'static str,
    /// What is off, a sentence.
    pub problem: String,
    /// What to do, a sentence.
    pub next_step: &'static str,
    /// What may have been meant; never taken by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// Reads each label of a scan; what is known chooses among its readings.
pub fn read(text: &str, known: Option<&Known>) -> Vec<Result<Scan, ScanFault>> {
    let plain = read_scans(text);
    let (Some(known), [_]) = (known, plain.as_slice()) else { return plain };
    let fits = |scan: &Scan| Ok::<bool, std::convert::Infallible>(known.fits(scan));
    match Scan::consistent(text, fits) {
        Ok(Ok(scan)) => vec![Ok(scan)],
        _ => plain,
    }
}

impl Known {
    fn fits(&self, scan: &Scan) -> bool {
        let same = |known: &Option<String>, found: Option<&str>| {
            known.as_deref().is_none_or(|known| found == Some(known))
        };
        same(&self.serial, scan.serial.as_deref())
            && same(&self.lot, scan.lot.as_deref())
            && same(&self.expiry, scan.expiry.as_ref().map(|date| date.as_str()))
    }
}

impl ScanForm {
    /// What was read of a label on this day; its scan and its place among the scans.
    pub fn new(
        (place, input): (usize, &str),
        read: &Result<Scan, ScanFault>,
        prefixes: &CompanyPrefixes,
        today: NaiveDate,
    ) -> ScanForm {
        let diagnoses = match read {
            Ok(scan) => scan.diagnoses(),
            Err(fault) => vec![fault.diagnosis()],
        };
        let mut form = ScanForm {
            scan: place,
            input: input.chars().take(SHOWN).collect(),
            readable: read.is_ok(),
            origin: None,
            doubtful: true,
            symbology: None,
            kind: None,
            gtin: None,
            serial: None,
            lot: None,
            expiry: None,
            expires: None,
            sscc: None,
            elements: Vec::new(),
            urn: None,
            digital_link: None,
            ndc: Vec::new(),
            diagnoses: diagnoses.into_iter().map(DiagnosisForm::from).collect(),
        };
        if let Ok(scan) = read {
            form.show(scan, prefixes, today);
        }
        form
    }

    fn show(&mut self, scan: &Scan, prefixes: &CompanyPrefixes, today: NaiveDate) {
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        self.origin = Some(scan.origin.as_str());
        self.doubtful = scan.is_doubtful();
        self.symbology = scan.symbology.map(|symbology| symbology.name());
        self.kind = scan.epc().scheme().map(|scheme| scheme.name());
        self.gtin = scan.gtin.map(|gtin| gtin.to_string());
        (self.serial, self.lot) = (owned(&scan.serial), owned(&scan.lot));
        self.expiry = scan.expiry.as_ref().map(|date| date.as_str().to_owned());
        self.expires = scan.expiry.as_ref().and_then(|date| date.date(today)).map(|day| day.to_string());
        self.sscc = scan.sscc.map(|sscc| sscc.to_string());
        self.elements = scan.elements().elements().map(ElementForm::from).collect();
        self.urn = scan.epc().to_urn(prefixes).ok();
        self.digital_link = scan.epc().to_digital_link().ok();
        let length = scan.epc().company_prefix_length(prefixes);
        let ndcs = scan.gtin.map(|gtin| Ndc::in_gtin(gtin, length)).unwrap_or_default();
        self.ndc = ndcs.iter().map(ndc_forms).collect();
    }
}

impl From<(&str, &str)> for ElementForm {
    fn from((ai, value): (&str, &str)) -> ElementForm {
        let name = application_identifier(ai).map_or("", |found| found.name());
        ElementForm { ai: ai.to_owned(), name, value: value.to_owned() }
    }
}

impl From<Diagnosis> for DiagnosisForm {
    fn from(diagnosis: Diagnosis) -> DiagnosisForm {
        DiagnosisForm {
            symptom: diagnosis.symptom.as_str(),
            problem: diagnosis.problem,
            next_step: diagnosis.next_step,
            suggestion: diagnosis.suggestion.map(String::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str, known: Option<&Known>) -> ScanForm {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        ScanForm::new((0, text), &read(text, known)[0], &CompanyPrefixes::builtin(), today)
    }

    #[test]
    fn a_label_is_shown_with_all_that_it_says() {
        let shown = form("]d2010030001012345521A1\u{1d}1727020010L1", None);
        assert_eq!(
            (shown.origin, shown.doubtful, shown.symbology),
            (Some("scanned"), false, Some("GS1 DataMatrix"))
        );
        assert_eq!(shown.expires.as_deref(), Some("2027-02-28"));
        assert_eq!(shown.urn.as_deref(), Some("urn:epc:id:sgtin:030001.0012345.A1"));
        let names: Vec<&str> = shown.elements.iter().map(|element| element.name).collect();
        assert_eq!(names, ["trade item (GTIN)", "serial number", "expiry date", "lot"]);
        assert_eq!(shown.ndc[0]["fda"], "0001-0123-45");
        assert!(shown.diagnoses.is_empty());
    }

    #[test]
    fn what_is_known_chooses_a_reading() {
        let lost = "010030001012345521A11727123110L1";
        assert_eq!(form(lost, None).diagnoses[0].symptom, "lost-separator");
        let known = Known { lot: Some("L1".into()), expiry: Some("271231".into()), ..Known::default() };
        let shown = form(lost, Some(&known));
        assert_eq!((shown.serial.as_deref(), shown.origin), (Some("A1"), Some("mended")));
        let other = Known { lot: Some("L2".into()), ..Known::default() };
        assert_eq!(form(lost, Some(&other)).serial.as_deref(), Some("A11727123110L1"));
    }
}
