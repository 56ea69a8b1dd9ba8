//! Receipts and the answers to scans in JSON, as they are asked for and shown.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::dscsa::Against;
use crate::dscsa::Closing;
use crate::dscsa::Difference;
use crate::dscsa::Observed;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::dscsa::ScanAnswer;
use crate::dscsa::UnitAnswer;
use crate::formats::shipments::moment;
use crate::gs1::Epc;

/// What a receipt is opened with: a shipment, an order, or neither.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ReceiptRequest {
    /// Number of a shipment.
    pub shipment: Option<i64>,
    /// Number or URI of a purchase order or despatch advice.
    pub order: Option<String>,
    /// GLN or SGLN of the place.
    pub place: Option<String>,
    /// Who opens it.
    pub by: Option<String>,
}

impl ReceiptRequest {
    /// What it is against; `None` where it names two things.
    pub fn against(&self) -> Option<Against> {
        match (self.shipment, &self.order) {
            (Some(id), None) => Some(Against::Shipment(id)),
            (None, Some(order)) => Some(Against::Order(order.clone())),
            (None, None) => Some(Against::Nothing),
            (Some(_), Some(_)) => None,
        }
    }
}

/// What was scanned, one or several in their order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ScansRequest {
    /// Element strings, Digital Links or EPCs.
    pub scans: Vec<String>,
}

/// Who closes a receipt.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CloseRequest {
    /// Who.
    pub by: Option<String>,
}

/// A receipt as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptForm {
    /// Its name.
    pub id: String,
    /// `open`, `closing` or `closed`.
    pub state: &'static str,
    /// The shipment it is against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment: Option<i64>,
    /// The order it is against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
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
    /// Units whose own code was read.
    pub scanned: u64,
    /// Units inferred by a sealed container.
    pub inferred: u64,
    /// Units among them that are not as the data say.
    pub faulty: u64,
}

/// A unit or container of a receipt as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitForm {
    /// As scanned, or as its data have it.
    pub epc: String,
    /// The trade item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// The serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The verdict.
    pub verdict: &'static str,
    /// `green`, `amber` or `red`.
    pub light: &'static str,
    /// `scanned`, `inferred` or `unseen`.
    pub observed: &'static str,
    /// The container by which it was inferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// Why, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Lot and expiry on its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LotForm>,
    /// Lot and expiry of its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<LotForm>,
    /// Units in a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<u64>,
    /// The shipment it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment: Option<i64>,
    /// When it was first seen.
    pub at: String,
    /// How often its code was read.
    pub times: i64,
}

/// Lot and expiry, as scanned or as sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LotForm {
    /// Lot.
    pub lot: String,
    /// Expiry.
    pub expiry: String,
}

/// The answer to a scan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerForm {
    /// What was scanned.
    pub scan: String,
    /// The verdict, `duplicate` or `unreadable`.
    pub verdict: &'static str,
    /// `green`, `amber` or `red`.
    pub light: &'static str,
    /// What it means and what to do, in words.
    pub words: String,
    /// The unit or container; nothing where none could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitForm>,
    /// Units inferred by this scan, by verdict.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub inferred: Map<String, Value>,
    /// What the scanner did wrong and was mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// What a closed receipt comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosingForm {
    /// The receipt.
    pub receipt: ReceiptForm,
    /// Shipments concerned.
    pub shipments: Vec<i64>,
    /// `eventID` of the receiving event; nothing where there was nothing to receive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Units released for use: as the data say.
    pub released: u64,
    /// Units put aside: whatever is not, and is there.
    pub put_aside: u64,
    /// Units that did not arrive.
    pub short: u64,
    /// Units by verdict and by how they are known.
    pub units: Vec<CountForm>,
    /// Where goods and data do not agree, in words.
    pub differences: Vec<String>,
}

/// A number of units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountForm {
    /// Their verdict.
    pub verdict: &'static str,
    /// How they are known.
    pub observed: &'static str,
    /// How many.
    pub units: u64,
}

impl From<&Receipt> for ReceiptForm {
    fn from(receipt: &Receipt) -> ReceiptForm {
        let (shipment, order) = match &receipt.against {
            Against::Shipment(id) => (Some(*id), None),
            Against::Order(order) => (None, Some(order.clone())),
            Against::Nothing => (None, None),
        };
        ReceiptForm {
            id: receipt.id.clone(),
            state: receipt.state.as_str(),
            shipment,
            order,
            place: receipt.place.as_ref().map(Epc::to_string),
            opened_by: receipt.opened.0.clone(),
            opened_at: moment(receipt.opened.1),
            closed_by: receipt.closed.as_ref().map(|(who, _)| who.clone()),
            closed_at: receipt.closed.as_ref().map(|(_, at)| moment(*at)),
            scanned: receipt.scanned,
            inferred: receipt.inferred,
            faulty: receipt.faulty,
        }
    }
}

impl From<&ReceivedUnit> for UnitForm {
    fn from(unit: &ReceivedUnit) -> UnitForm {
        UnitForm {
            epc: unit.epc.to_string(),
            gtin: unit.epc.gtin().map(|gtin| gtin.to_string()),
            serial: unit.epc.serial().map(String::from),
            verdict: unit.verdict.as_str(),
            light: unit.verdict.light(),
            observed: unit.observed.as_str(),
            through: Some(unit.through.clone()).filter(|through| !through.is_empty()),
            why: unit.why.clone(),
            label: lot(&unit.label),
            data: lot(&unit.data),
            units: unit.contents,
            shipment: unit.shipment,
            at: moment(unit.at),
            times: unit.times,
        }
    }
}

impl AnswerForm {
    /// The answer to this scan.
    pub fn new(scan: &str, answer: &ScanAnswer) -> AnswerForm {
        let mut form = AnswerForm {
            scan: scan.to_owned(),
            verdict: "unreadable",
            light: "amber",
            words: String::new(),
            unit: None,
            inferred: Map::new(),
            notices: Vec::new(),
        };
        match answer {
            ScanAnswer::Unread(words) => form.words.clone_from(words),
            ScanAnswer::Unit(answer) => {
                let verdict = answer.unit.verdict;
                (form.verdict, form.light) = (verdict.as_str(), verdict.light());
                if answer.duplicate {
                    form.verdict = "duplicate";
                    form.light = if verdict == ReceiptVerdict::Expected { "amber" } else { verdict.light() };
                }
                form.words = words(answer);
                form.unit = Some(UnitForm::from(&answer.unit));
                form.inferred = answer
                    .contents
                    .iter()
                    .map(|(verdict, units)| (verdict.as_str().to_owned(), Value::from(*units)))
                    .collect();
                form.notices.clone_from(&answer.notices);
            }
        }
        form
    }
}

/// What an answer means, in words.
fn words(answer: &UnitAnswer) -> String {
    let mut said = Vec::new();
    if answer.duplicate {
        said.push(format!("scanned before, {} times now", answer.unit.times));
    }
    said.extend(answer.problems.iter().map(|problem| problem.words.clone()));
    if let (Some(units), false) = (answer.unit.contents, answer.duplicate) {
        let parts: Vec<String> =
            answer.contents.iter().map(|(verdict, units)| format!("{units} {verdict}")).collect();
        said.push(format!("{units} units in it are taken as received: {}", parts.join(", ")));
    }
    if said.is_empty() { "as the data say".to_owned() } else { said.join("; ") }
}

impl ClosingForm {
    /// What closing this receipt came to.
    pub fn new(receipt: &Receipt, closing: &Closing, event: Option<&str>) -> ClosingForm {
        let there = closing.counts.iter().filter(|(_, observed, _)| *observed != Observed::Unseen);
        let released = closing.count(ReceiptVerdict::Expected);
        ClosingForm {
            receipt: ReceiptForm::from(receipt),
            shipments: closing.shipments.clone(),
            event: event.map(str::to_owned),
            released,
            put_aside: there.map(|(.., units)| units).sum::<u64>().saturating_sub(released),
            short: closing.count(ReceiptVerdict::Missing),
            units: closing
                .counts
                .iter()
                .map(|(verdict, observed, units)| CountForm {
                    verdict: verdict.as_str(),
                    observed: observed.as_str(),
                    units: *units,
                })
                .collect(),
            differences: closing.differences.iter().map(difference).collect(),
        }
    }
}

fn difference(difference: &Difference) -> String {
    match difference {
        Difference::Short(goods) => format!("short: {goods}"),
        Difference::Over(goods) => format!("over: {goods}"),
        Difference::MissingData(goods, source) => format!("no data: {goods} ({})", source.as_str()),
        Difference::Misaligned { data, label } => {
            format!("misaligned: the data say {data}, the label says {label}")
        }
        Difference::Unavailable { goods, why } => format!("put aside: {goods}: {why}"),
        Difference::Packaging { goods, why } => format!("packaging: {goods}: {why}"),
        Difference::Quantity { gtin, ordered, received } => {
            format!("quantity: GTIN {gtin}, {ordered} ordered, {received} received")
        }
        Difference::WrongPlace { gln, .. } => format!("wrong place: GLN {gln}"),
        Difference::WrongProduct { gtin, .. } => format!("wrong product: GTIN {gtin}"),
    }
}

fn lot((lot, expiry): &(String, String)) -> Option<LotForm> {
    let told = !lot.is_empty() || !expiry.is_empty();
    told.then(|| LotForm { lot: lot.clone(), expiry: expiry.clone() })
}
