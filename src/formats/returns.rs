//! Saleable returns in JSON, as they are asked for and shown, and their result table in CSV.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dscsa::CheckKind;
use crate::dscsa::ReturnCheck;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::SaleableReturn;
use crate::formats::shipments::moment;

/// What a return is opened with.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ReturnRequest {
    /// The client's own name for it, up to 200 characters: sending it again opens no second return.
    pub key: Option<String>,
    /// GLN-13 of who gives the units back.
    pub customer: String,
    /// Number of the return authorisation.
    pub authorisation: Option<String>,
    /// GLN or SGLN of the place.
    pub place: Option<String>,
    /// Who opens it.
    pub by: Option<String>,
    /// What was scanned: element strings as a scanner gives them, Digital Links, the bracketed text of a label.
    pub scans: Vec<String>,
}

/// A return as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnForm {
    /// Its name.
    pub id: String,
    /// `checking`, `checked`, `closing` or `closed`.
    pub state: &'static str,
    /// The client's own name for it.
    pub key: String,
    /// Who gives it back.
    pub customer: String,
    /// Number of the return authorisation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub authorisation: String,
    /// The place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: String,
    /// Who closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
    /// How far it is.
    pub progress: ProgressForm,
}

/// How many scans of a return have which decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgressForm {
    /// All of them.
    pub scans: u64,
    /// Nobody has looked yet.
    pub pending: u64,
    /// To be sold again.
    pub sellable: u64,
    /// Not to be sold again.
    pub not_sellable: u64,
    /// Something is not known yet.
    pub wait: u64,
    /// The scan is at fault.
    pub scan_problem: u64,
}

/// A scan of a return and what becomes of its unit, as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedUnitForm {
    /// Its place among the scans, from 1.
    pub line: i64,
    /// As scanned.
    pub scan: String,
    /// What it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epc: Option<String>,
    /// The trade item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// The serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The lot on its label.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// The expiry on its label, `YYMMDD`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expiry: String,
    /// `sellable`, `not-sellable`, `wait`, `scan-problem`; `pending` while nobody has looked.
    pub decision: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What to do next.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_step: String,
    /// The evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckForm>,
    /// Packages in a sealed case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<u64>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// One check as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CheckForm {
    /// What was looked at: `scan`, `case`, `standing`, `life`, `first-return`, `in-date`, `sold`, `label`, `information` or
    /// `verified`.
    pub check: &'static str,
    /// `passed`, `failed` or `unknown`.
    pub outcome: &'static str,
    /// What was found.
    pub words: String,
    /// The document that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<i64>,
    /// When it was looked at.
    pub at: String,
    /// The verification that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<String>,
}

impl ReturnForm {
    /// A return with its counts.
    pub fn new(returned: &SaleableReturn, counts: &[(Option<ReturnDecision>, u64)]) -> ReturnForm {
        let closed = returned.closed.as_ref();
        ReturnForm {
            id: returned.id.clone(),
            state: returned.state.as_str(),
            key: returned.client_key.clone(),
            customer: returned.customer.to_string(),
            authorisation: returned.authorisation.clone(),
            place: returned.place.as_ref().map(ToString::to_string),
            opened_by: returned.opened.0.clone(),
            opened_at: moment(returned.opened.1),
            closed_by: closed.map(|(who, _)| who.clone()),
            closed_at: closed.map(|(_, at)| moment(*at)),
            progress: ProgressForm::new(returned.scans, counts),
        }
    }
}

impl ProgressForm {
    fn new(scans: u64, counts: &[(Option<ReturnDecision>, u64)]) -> ProgressForm {
        let of = |decision| counts.iter().find(|(own, _)| *own == decision).map_or(0, |(_, count)| *count);
        ProgressForm {
            scans,
            pending: of(None),
            sellable: of(Some(ReturnDecision::Sellable)),
            not_sellable: of(Some(ReturnDecision::NotSellable)),
            wait: of(Some(ReturnDecision::Wait)),
            scan_problem: of(Some(ReturnDecision::ScanProblem)),
        }
    }
}

impl From<&ReturnedUnit> for ReturnedUnitForm {
    fn from(unit: &ReturnedUnit) -> ReturnedUnitForm {
        let epc = unit.epc.as_ref();
        ReturnedUnitForm {
            line: unit.line,
            scan: unit.scan.clone(),
            epc: epc.map(ToString::to_string),
            gtin: epc.and_then(|epc| epc.gtin()).map(|gtin| gtin.to_string()),
            serial: epc.and_then(|epc| epc.serial().map(String::from)),
            lot: unit.label.0.clone(),
            expiry: unit.label.1.clone(),
            decision: unit.decision.map_or("pending", ReturnDecision::as_str),
            reason: unit.reason.clone(),
            next_step: unit.next_step.clone(),
            checks: unit.checks.iter().map(CheckForm::from).collect(),
            packages: unit.packages,
            at: unit.at.map(moment),
        }
    }
}

impl From<&ReturnCheck> for CheckForm {
    fn from(check: &ReturnCheck) -> CheckForm {
        CheckForm {
            check: check.kind.as_str(),
            outcome: check.outcome.as_str(),
            words: check.words.clone(),
            document: check.document,
            at: moment(check.at),
            verification: check.verification.clone(),
        }
    }
}

/// The first line of the result table.
pub fn sheet_head() -> String {
    let own = ["scan", "decision", "gtin", "serial", "lot", "expiry", "packages", "reason", "next_step"];
    let checks = CheckKind::ALL.iter().map(|kind| format!("check_{}", kind.as_str().replace('-', "_")));
    let rest = ["verification", "decided_at", "code"].map(str::to_owned);
    row(own.map(str::to_owned).into_iter().chain(checks).chain(rest))
}

/// One line of the result table.
pub fn sheet_row(unit: &ReturnedUnit) -> String {
    let form = ReturnedUnitForm::from(unit);
    let own = [
        form.line.to_string(),
        form.decision.to_owned(),
        form.gtin.unwrap_or_default(),
        form.serial.unwrap_or_default(),
        form.lot,
        form.expiry,
        form.packages.map(|count| count.to_string()).unwrap_or_default(),
        form.reason,
        form.next_step,
    ];
    let checks = CheckKind::ALL.iter().map(|kind| {
        unit.check(*kind)
            .map(|check| format!("{}: {}", check.outcome.as_str(), check.words))
            .unwrap_or_default()
    });
    let verification = unit.verification().unwrap_or_default().to_owned();
    row(own.into_iter().chain(checks).chain([verification, form.at.unwrap_or_default(), form.scan]))
}

/// Cells as RFC 4180 has them. A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn row(cells: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        let cell: String = cell.chars().map(|own| if own.is_control() { ' ' } else { own }).collect();
        let formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
        if formula || cell.contains([',', '"']) {
            text.push('"');
            text.push_str(if formula { "'" } else { "" });
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &str, expected: &str) {
        assert_eq!(row(std::iter::once(cell.to_owned())), format!("{expected}\r\n"));
    }

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        check("A1", "A1");
        check("a,\"b\"", "\"a,\"\"b\"\"\"");
        check("=cmd|'/c calc'!A0", "\"'=cmd|'/c calc'!A0\"");
        check(" @x", "\"' @x\"");
        check("0100\u{1d}10A\r\n1", "0100 10A  1");
    }

    #[test]
    fn every_row_has_the_cells_of_the_head() {
        let unit = ReturnedUnit::pending(1, "x");
        assert_eq!(sheet_row(&unit).matches(',').count(), sheet_head().matches(',').count());
        assert!(sheet_row(&unit).starts_with("1,pending,"));
    }
}
