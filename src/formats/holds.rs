//! Holds and recalls in JSON, as they are asked for and shown.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::dscsa::Decision;
use crate::dscsa::Hold;
use crate::dscsa::HoldFault;
use crate::dscsa::HoldKind;
use crate::dscsa::HoldScope;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Scan;
use crate::gs1::ScanFault;

/// What is to be held: a lot (`gtin`, `lot`), serial numbers (`gtin`, `firstSerial`, `lastSerial`), a trade item (`gtin`
/// alone) or one item (`epc`, an EPC or what a scanner gives).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HoldRequest {
    /// The trade item.
    pub gtin: Option<String>,
    /// Lot number as printed.
    pub lot: Option<String>,
    /// First serial number.
    pub first_serial: Option<String>,
    /// Last serial number; the first where it is left out.
    pub last_serial: Option<String>,
    /// One item, case or logistic unit.
    pub epc: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decides.
    pub by: Option<String>,
    /// `hold` (where it is left out), `suspect` or `illegitimate`; a recall has no other kind.
    pub kind: Option<String>,
}

/// Why and by whom a hold is released.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ReleaseRequest {
    /// Why.
    pub reason: String,
    /// Who decides.
    pub by: Option<String>,
}

/// Why a request for a hold says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoldRequestFault {
    /// It names nothing, or several things at once.
    #[error(
        "say what is held: gtin and lot, gtin with firstSerial and lastSerial, gtin alone, or epc, and no two of them"
    )]
    Scope,
    /// A GTIN that is none.
    #[error("gtin: {0}")]
    Gtin(Malformed),
    /// An item that cannot be read.
    #[error("epc: {0}")]
    Item(ScanFault),
    /// A kind that there is none of.
    #[error("kind {0:?} is not known: give hold, suspect or illegitimate; recalls have a list of their own")]
    Kind(String),
    /// What it names cannot be held.
    #[error(transparent)]
    Hold(#[from] HoldFault),
}

impl HoldRequest {
    /// What is to be held.
    pub fn scope(&self) -> Result<HoldScope, HoldRequestFault> {
        let gtin = self.gtin.as_deref().map(Gtin::parse).transpose().map_err(HoldRequestFault::Gtin)?;
        let (lot, first) = (self.lot.as_deref(), self.first_serial.as_deref());
        let last = self.last_serial.as_deref().or(first);
        Ok(match (gtin, lot, first, last, self.epc.as_deref()) {
            (Some(gtin), Some(lot), None, None, None) => HoldScope::lot(gtin, lot)?,
            (Some(gtin), None, Some(first), Some(last), None) => HoldScope::serials(gtin, first, last)?,
            (Some(gtin), None, None, None, None) => HoldScope::Product { gtin },
            (None, None, None, None, Some(text)) => {
                HoldScope::item(Scan::parse(text).map_err(HoldRequestFault::Item)?.epc().clone())?
            }
            _ => return Err(HoldRequestFault::Scope),
        })
    }

    /// Of which kind it is, on the list of holds or on that of recalls.
    pub fn kind(&self, list: HoldKind) -> Result<HoldKind, HoldRequestFault> {
        let Some(word) = self.kind.as_deref() else { return Ok(list) };
        let kind = HoldKind::parse(word).filter(|kind| kind.same_list(list));
        kind.ok_or_else(|| HoldRequestFault::Kind(word.chars().take(40).collect()))
    }

    /// Who opens it, when and why.
    pub fn opened(&self, now: DateTime<Utc>) -> Result<Decision, HoldRequestFault> {
        Ok(Decision::new(who(self.by.as_deref()), now, &self.reason)?)
    }
}

impl ReleaseRequest {
    /// Who releases, when and why.
    pub fn released(&self, now: DateTime<Utc>) -> Result<Decision, HoldFault> {
        Decision::new(who(self.by.as_deref()), now, &self.reason)
    }
}

/// Whom a decision is written down to where nobody is named.
pub fn who(by: Option<&str>) -> &str {
    by.map(str::trim).filter(|by| !by.is_empty()).unwrap_or("operator")
}

/// A hold or recall as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldForm {
    /// Its name.
    pub id: String,
    /// `hold`, `suspect`, `illegitimate` or `recall`.
    pub kind: &'static str,
    /// `open` or `released`.
    pub state: &'static str,
    /// What it concerns, in words.
    pub concerns: String,
    /// The trade item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// Lot number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// First serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_serial: Option<String>,
    /// Last serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_serial: Option<String>,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epc: Option<String>,
    /// Who opened it, when and why.
    pub opened: DecisionForm,
    /// Who released it, when and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<DecisionForm>,
}

/// Who decided what, when and why, as shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DecisionForm {
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
}

impl From<&Hold> for HoldForm {
    fn from(hold: &Hold) -> HoldForm {
        let mut form = HoldForm {
            id: hold.id.clone(),
            kind: hold.kind.as_str(),
            state: if hold.released.is_some() { "released" } else { "open" },
            concerns: hold.scope.to_string(),
            gtin: None,
            lot: None,
            first_serial: None,
            last_serial: None,
            epc: None,
            opened: DecisionForm::from(&hold.opened),
            released: hold.released.as_ref().map(DecisionForm::from),
        };
        match &hold.scope {
            HoldScope::Lot { gtin, lot } => {
                (form.gtin, form.lot) = (Some(gtin.to_string()), Some(lot.clone()));
            }
            HoldScope::Serials { gtin, first, last } => {
                form.gtin = Some(gtin.to_string());
                (form.first_serial, form.last_serial) = (Some(first.clone()), Some(last.clone()));
            }
            HoldScope::Product { gtin } => form.gtin = Some(gtin.to_string()),
            HoldScope::Item { epc } => form.epc = Some(epc.to_string()),
        }
        form
    }
}

impl From<&Decision> for DecisionForm {
    fn from(decision: &Decision) -> DecisionForm {
        DecisionForm {
            by: decision.who.clone(),
            at: decision.when.to_rfc3339_opts(SecondsFormat::Millis, true),
            reason: decision.why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expected: Result<&str, &str>) {
        let request: HoldRequest = serde_json::from_str(request).unwrap();
        let scope = request.scope().map(|scope| scope.to_string()).map_err(|fault| fault.to_string());
        match (scope, expected) {
            (Ok(scope), Ok(expected)) => assert_eq!(scope, expected),
            (Err(fault), Err(expected)) => assert!(fault.contains(expected), "{fault}"),
            (scope, _) => panic!("{request:?}: {scope:?}"),
        }
    }

    #[test]
    fn a_request_names_one_thing() {
        check(r#"{"gtin":"300010123455","lot":"A1"}"#, Ok("lot A1 of GTIN 00300010123455"));
        check(r#"{"gtin":"00300010123455","firstSerial":"7"}"#, Ok("serials 7 to 7 of GTIN 00300010123455"));
        check(r#"{"gtin":"00300010123455"}"#, Ok("GTIN 00300010123455"));
        check(r#"{"epc":"(01)00300010123455(21)7"}"#, Ok("https://id.gs1.org/01/00300010123455/21/7"));
        check(r#"{"epc":"(01)00300010123455"}"#, Err("names no item"));
        check(r#"{"gtin":"00300010123456","lot":"A1"}"#, Err("check digit"));
        check(r#"{"lot":"A1"}"#, Err("say what is held"));
        check(r#"{"gtin":"00300010123455","lot":"A","epc":"urn:x"}"#, Err("say what is held"));
        check(r#"{"gtin":"00300010123455","firstSerial":"9","lastSerial":"8"}"#, Err("no range"));
    }
}
