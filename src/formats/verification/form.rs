//! VerificationForm: a verification as it is shown to people and their machines, in JSON and in CSV.

use std::io;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::dscsa::verification::AdditionalInfo;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::FailureReason;
use crate::dscsa::verification::Judgement;
use crate::dscsa::verification::Verdict;
use crate::dscsa::verification::VerificationRecord;

/// A verification in JSON; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationForm {
    /// Its name; none for a scan that could not be asked about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// When it was asked.
    pub at: String,
    /// `asked` or `answered`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub direction: &'static str,
    /// `ok`, `wait`, `scan-problem` or `do-not-use`; none where we were asked.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub verdict: &'static str,
    /// The verdict in words: `OK TO USE`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// Why, in one plain sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What to do next.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_step: String,
    /// What the verdict rests on: `source`, `replicate` or `none`.
    pub basis: &'static str,
    /// True where nobody has answered and we keep asking.
    pub pending: bool,
    /// GTIN-14.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gtin: String,
    /// Serial number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Lot number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// Expiry, `YYMMDD`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expiry: String,
    /// What it was for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// `data.verified` of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// `verificationFailureReason` of the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_reason: String,
    /// `additionalInfo` of the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub additional_info: String,
    /// GLN of who asked.
    #[serde(rename = "requesterGLN", skip_serializing_if = "String::is_empty")]
    pub requester: String,
    /// GLN of who answered, or should have.
    #[serde(rename = "responderGLN", skip_serializing_if = "String::is_empty")]
    pub responder: String,
    /// The provider that was asked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// `corrUUID`.
    #[serde(rename = "corrUUID", skip_serializing_if = "String::is_empty")]
    pub correlation: String,
    /// HTTP status of the answer; none where nothing came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
    /// Until when it must be answered, where nobody had.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due: String,
}

const HEADINGS: [&str; 22] = [
    "id",
    "at",
    "direction",
    "verdict",
    "reason",
    "next step",
    "basis",
    "gtin",
    "serial",
    "lot",
    "expiry",
    "context",
    "verified",
    "failure reason",
    "additional info",
    "requester gln",
    "responder gln",
    "provider",
    "corrUUID",
    "status",
    "milliseconds",
    "due",
];

impl VerificationForm {
    /// A verdict on a scan, with nothing else.
    pub fn judged(judgement: &Judgement, at: DateTime<Utc>) -> VerificationForm {
        VerificationForm { at: time(at), ..VerificationForm::default() }.with_judgement(judgement)
    }

    /// The same with this verdict.
    pub fn with_judgement(mut self, judgement: &Judgement) -> VerificationForm {
        (self.verdict, self.words) = (judgement.verdict.as_str(), judgement.verdict.to_string());
        self.reason.clone_from(&judgement.reason);
        self.next_step.clone_from(&judgement.next_step);
        self.basis = judgement.basis.as_str();
        self
    }

    /// The same with this answer.
    pub fn with_answer(mut self, answer: Option<&Answer>) -> VerificationForm {
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        self.verified = answer.map(Answer::verified);
        self.failure_reason = word(answer.and_then(Answer::reason).map(FailureReason::as_str));
        self.additional_info = word(answer.and_then(Answer::info).map(AdditionalInfo::as_str));
        self
    }

    /// One row of the table that [`csv_headings`] begins. Texts that a spreadsheet would take for formulas are marked.
    pub fn to_csv(&self) -> io::Result<Vec<u8>> {
        let text = |value: Option<String>| value.unwrap_or_default();
        let cells = [
            self.id.clone(),
            self.at.clone(),
            self.direction.to_owned(),
            self.verdict.to_owned(),
            self.reason.clone(),
            self.next_step.clone(),
            self.basis.to_owned(),
            self.gtin.clone(),
            self.serial.clone(),
            self.lot.clone(),
            self.expiry.clone(),
            self.context.clone(),
            text(self.verified.map(|verified| verified.to_string())),
            self.failure_reason.clone(),
            self.additional_info.clone(),
            self.requester.clone(),
            self.responder.clone(),
            self.provider.clone(),
            self.correlation.clone(),
            text(self.status.map(|status| status.to_string())),
            self.milliseconds.to_string(),
            self.due.clone(),
        ];
        row(cells.map(|cell| if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }))
    }
}

/// The first line of a table of verifications.
pub fn csv_headings() -> io::Result<Vec<u8>> {
    row(HEADINGS.map(str::to_owned))
}

fn row(cells: [String; HEADINGS.len()]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&cells).map_err(io::Error::other)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

impl From<&VerificationRecord> for VerificationForm {
    fn from(record: &VerificationRecord) -> VerificationForm {
        let evidence: Value = serde_json::from_str(&record.evidence).unwrap_or_default();
        let told = |member: &str| evidence.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let form = VerificationForm {
            id: record.id.clone(),
            at: time(record.at),
            direction: record.direction.as_str(),
            verdict: record.verdict.map(Verdict::as_str).unwrap_or_default(),
            words: record.verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
            reason: told("reason"),
            next_step: told("nextStep"),
            basis: record.basis,
            pending: false,
            gtin: record.gtin.clone(),
            serial: record.serial.clone(),
            lot: record.lot.clone(),
            expiry: record.expiry.clone(),
            context: record.context.clone(),
            requester: record.requester.clone(),
            responder: record.responder.clone(),
            provider: record.provider.clone(),
            correlation: record.correlation.clone(),
            status: Some(record.status).filter(|status| *status > 0),
            milliseconds: u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
            due: record.due.map(time).unwrap_or_default(),
            ..VerificationForm::default()
        };
        form.with_answer(record.answer.as_ref())
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_heading_and_no_formula() {
        let form = VerificationForm {
            serial: "=1+2".to_owned(),
            lot: "a,b".to_owned(),
            ..VerificationForm::default()
        };
        let table = [csv_headings().unwrap(), form.to_csv().unwrap()].concat();
        let mut reader = csv::Reader::from_reader(&*table);
        let place = |name: &str| HEADINGS.iter().position(|heading| *heading == name).unwrap();
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!((row.len(), &row[place("serial")], &row[place("lot")]), (HEADINGS.len(), "'=1+2", "a,b"));
    }
}
