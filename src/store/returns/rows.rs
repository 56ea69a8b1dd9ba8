//! Rows of returns and of what came back with them.

use chrono::DateTime;
use chrono::Utc;
use diesel::Insertable;
use diesel::Queryable;
use serde_json::Value;
use serde_json::json;

use crate::dscsa::CheckKind;
use crate::dscsa::CheckOutcome;
use crate::dscsa::ReturnCheck;
use crate::dscsa::ReturnDecision;
use crate::dscsa::ReturnState;
use crate::dscsa::ReturnedUnit;
use crate::dscsa::SaleableReturn;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::store::StoreError;
use crate::store::schema::returned_packages;
use crate::store::schema::returned_units;
use crate::store::schema::saleable_returns;

#[derive(Insertable, Queryable)]
#[diesel(table_name = saleable_returns, treat_none_as_default_value = false)]
pub(super) struct ReturnRow {
    pub(super) id: String,
    client_key: String,
    pub(super) digest: String,
    customer: String,
    authorisation: String,
    place: String,
    state: String,
    opened_at: i64,
    opened_by: String,
    closed_at: Option<i64>,
    closed_by: String,
    scans: i64,
    owner: Option<String>,
    lease_until: Option<i64>,
}

#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = returned_units, treat_none_as_default_value = false)]
pub(super) struct UnitRow {
    saleable_return: String,
    line: i64,
    scan: String,
    key: String,
    epc: String,
    label_lot: String,
    label_expiry: String,
    decision: String,
    reason: String,
    next_step: String,
    checks: String,
    packages: Option<i64>,
    decided_at: Option<i64>,
}

#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = returned_packages, treat_none_as_default_value = false)]
pub(super) struct PackageRow {
    pub(super) saleable_return: String,
    pub(super) line: i64,
    pub(super) key: String,
}

impl ReturnRow {
    pub(super) fn of(returned: &SaleableReturn, digest: &str) -> ReturnRow {
        let closed = returned.closed.as_ref();
        ReturnRow {
            id: returned.id.clone(),
            client_key: returned.client_key.clone(),
            digest: digest.to_owned(),
            customer: returned.customer.to_string(),
            authorisation: returned.authorisation.clone(),
            place: returned.place.as_ref().map(|place| place.to_string()).unwrap_or_default(),
            state: returned.state.as_str().to_owned(),
            opened_at: returned.opened.1.timestamp_micros(),
            opened_by: returned.opened.0.clone(),
            closed_at: closed.map(|(_, at)| at.timestamp_micros()),
            closed_by: closed.map(|(who, _)| who.clone()).unwrap_or_default(),
            scans: i64::try_from(returned.scans).unwrap_or(i64::MAX),
            owner: None,
            lease_until: None,
        }
    }

    pub(super) fn saleable_return(self) -> Result<SaleableReturn, StoreError> {
        let damaged = || StoreError::Damaged(format!("return {}", self.id));
        let time = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
        let closed = self.closed_at.map(|at| Ok::<_, StoreError>((self.closed_by.clone(), time(at)?)));
        Ok(SaleableReturn {
            customer: Gln::parse(&self.customer).map_err(|_| damaged())?,
            place: Some(self.place.as_str()).filter(|place| !place.is_empty()).map(Epc::parse),
            opened: (self.opened_by.clone(), time(self.opened_at)?),
            state: ReturnState::parse(&self.state).ok_or_else(damaged)?,
            closed: closed.transpose()?,
            scans: u64::try_from(self.scans).unwrap_or(0),
            authorisation: self.authorisation,
            client_key: self.client_key,
            id: self.id,
        })
    }
}

impl UnitRow {
    pub(super) fn of(returned: &str, unit: &ReturnedUnit) -> UnitRow {
        UnitRow {
            saleable_return: returned.to_owned(),
            line: unit.line,
            scan: unit.scan.clone(),
            key: unit.epc.as_ref().map(Epc::key).unwrap_or_default(),
            epc: unit.epc.as_ref().map(|epc| epc.to_string()).unwrap_or_default(),
            label_lot: unit.label.0.clone(),
            label_expiry: unit.label.1.clone(),
            decision: word(unit.decision).to_owned(),
            reason: unit.reason.clone(),
            next_step: unit.next_step.clone(),
            checks: encode(&unit.checks),
            packages: unit.packages.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            decided_at: unit.at.map(|at| at.timestamp_micros()),
        }
    }

    pub(super) fn unit(self) -> Result<ReturnedUnit, StoreError> {
        let damaged = || StoreError::Damaged(format!("return {}, scan {}", self.saleable_return, self.line));
        let decision = match self.decision.as_str() {
            "" => None,
            word => Some(ReturnDecision::parse(word).ok_or_else(damaged)?),
        };
        let at = |micros| DateTime::from_timestamp_micros(micros).ok_or_else(damaged);
        Ok(ReturnedUnit {
            epc: Some(self.epc.as_str()).filter(|epc| !epc.is_empty()).map(Epc::parse),
            decision,
            checks: decode(&self.checks).ok_or_else(damaged)?,
            packages: self.packages.map(|count| u64::try_from(count).unwrap_or(0)),
            at: self.decided_at.map(at).transpose()?,
            line: self.line,
            scan: self.scan,
            label: (self.label_lot, self.label_expiry),
            reason: self.reason,
            next_step: self.next_step,
        })
    }
}

/// The word of a decision; empty where there is none yet.
pub(super) fn word(decision: Option<ReturnDecision>) -> &'static str {
    decision.map(ReturnDecision::as_str).unwrap_or_default()
}

/// Checks as JSON: a list of six values each.
fn encode(checks: &[ReturnCheck]) -> String {
    let all = checks.iter().map(|check| {
        json!([
            check.kind.as_str(),
            check.outcome.as_str(),
            check.words,
            check.document,
            check.at.timestamp_micros(),
            check.verification,
        ])
    });
    Value::Array(all.collect()).to_string()
}

/// Reads what [`encode`] writes; `None` where it is not ours.
fn decode(json: &str) -> Option<Vec<ReturnCheck>> {
    let all: Vec<Value> = serde_json::from_str(json).ok()?;
    let each = all.iter().map(|check| {
        let at = |place: usize| check.get(place);
        Some(ReturnCheck {
            kind: CheckKind::parse(at(0)?.as_str()?)?,
            outcome: CheckOutcome::parse(at(1)?.as_str()?)?,
            words: at(2)?.as_str()?.to_owned(),
            document: at(3)?.as_i64(),
            at: DateTime::<Utc>::from_timestamp_micros(at(4)?.as_i64()?)?,
            verification: at(5)?.as_str().map(str::to_owned),
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_back_as_it_was_written() {
        let check = |document, verification: Option<&str>| ReturnCheck {
            kind: CheckKind::Verified,
            outcome: CheckOutcome::Unknown,
            words: "\"Maker\" did not answer".to_owned(),
            document,
            at: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
            verification: verification.map(str::to_owned),
        };
        let pending = ReturnedUnit::pending(3, "]d201");
        let decided = ReturnedUnit {
            epc: Some(Epc::parse("https://id.gs1.org/01/00614140123453/21/7")),
            label: ("A1".to_owned(), "281200".to_owned()),
            decision: Some(ReturnDecision::Wait),
            reason: "nobody answered".to_owned(),
            checks: vec![check(Some(7), None), check(None, Some("v"))],
            packages: Some(12),
            at: DateTime::from_timestamp_micros(1),
            ..pending.clone()
        };
        for unit in [pending, decided] {
            assert_eq!(UnitRow::of("r", &unit).unit().unwrap(), unit);
        }
    }
}
