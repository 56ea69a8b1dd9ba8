//! Rows of receipts and their units, to and from what they say.

use chrono::DateTime;
use chrono::Utc;
use diesel::Insertable;
use diesel::Queryable;

use crate::dscsa::Against;
use crate::dscsa::Observed;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::gs1::Epc;
use crate::store::StoreError;
use crate::store::schema::receipt_units;
use crate::store::schema::receipts;

#[derive(Insertable, Queryable)]
#[diesel(table_name = receipts, treat_none_as_default_value = false)]
pub(super) struct ReceiptRow {
    id: String,
    against: String,
    shipment: Option<i64>,
    purchase_order: String,
    place: String,
    whole_files: bool,
    state: String,
    opened_at: i64,
    opened_by: String,
    closed_at: Option<i64>,
    closed_by: String,
    rounds: i64,
    scanned: i64,
    inferred: i64,
    faulty: i64,
}

#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = receipt_units, treat_none_as_default_value = false)]
pub(super) struct UnitRow {
    pub(super) receipt: String,
    pub(super) key: String,
    epc: String,
    observed: String,
    through: String,
    verdict: String,
    why: String,
    label_lot: String,
    label_expiry: String,
    data_lot: String,
    data_expiry: String,
    contents: Option<i64>,
    shipment: Option<i64>,
    seen_at: i64,
    times: i64,
    round: Option<i64>,
}

impl ReceiptRow {
    pub(super) fn of(receipt: &Receipt) -> ReceiptRow {
        let (against, shipment, purchase_order) = match &receipt.against {
            Against::Shipment(id) => ("shipment", Some(*id), ""),
            Against::Order(order) => ("order", None, order.as_str()),
            Against::Nothing => ("nothing", None, ""),
        };
        let closed = receipt.closed.as_ref();
        ReceiptRow {
            id: receipt.id.clone(),
            against: against.to_owned(),
            shipment,
            purchase_order: purchase_order.to_owned(),
            place: receipt.place.as_ref().map(|place| place.to_string()).unwrap_or_default(),
            whole_files: receipt.whole_files,
            state: receipt.state.as_str().to_owned(),
            opened_at: receipt.opened.1.timestamp_micros(),
            opened_by: receipt.opened.0.clone(),
            closed_at: closed.map(|(_, at)| at.timestamp_micros()),
            closed_by: closed.map(|(who, _)| who.clone()).unwrap_or_default(),
            rounds: receipt.rounds,
            scanned: signed(receipt.scanned),
            inferred: signed(receipt.inferred),
            faulty: signed(receipt.faulty),
        }
    }

    pub(super) fn receipt(self) -> Result<Receipt, StoreError> {
        let damaged = || StoreError::Damaged(format!("receipt {}", self.id));
        let against = match (self.against.as_str(), self.shipment) {
            ("shipment", Some(id)) => Against::Shipment(id),
            ("order", _) => Against::Order(self.purchase_order),
            ("nothing", _) => Against::Nothing,
            _ => return Err(damaged()),
        };
        let closed = self.closed_at.map(|at| Ok::<_, StoreError>((self.closed_by.clone(), time(at)?)));
        Ok(Receipt {
            against,
            place: Some(self.place.as_str()).filter(|place| !place.is_empty()).map(Epc::parse),
            whole_files: self.whole_files,
            opened: (self.opened_by, time(self.opened_at)?),
            state: ReceiptState::parse(&self.state).ok_or_else(damaged)?,
            closed: closed.transpose()?,
            rounds: self.rounds,
            scanned: unsigned(self.scanned),
            inferred: unsigned(self.inferred),
            faulty: unsigned(self.faulty),
            id: self.id,
        })
    }
}

impl UnitRow {
    pub(super) fn of(receipt: &str, unit: &ReceivedUnit) -> UnitRow {
        UnitRow {
            receipt: receipt.to_owned(),
            key: unit.key.clone(),
            epc: unit.epc.to_string(),
            observed: unit.observed.as_str().to_owned(),
            through: unit.through.clone(),
            verdict: unit.verdict.as_str().to_owned(),
            why: unit.why.clone(),
            label_lot: unit.label.0.clone(),
            label_expiry: unit.label.1.clone(),
            data_lot: unit.data.0.clone(),
            data_expiry: unit.data.1.clone(),
            contents: unit.contents.map(signed),
            shipment: unit.shipment,
            seen_at: unit.at.timestamp_micros(),
            times: unit.times,
            round: unit.round,
        }
    }

    pub(super) fn unit(self) -> Result<ReceivedUnit, StoreError> {
        let damaged = || StoreError::Damaged(format!("receipt {}, {}", self.receipt, self.key));
        Ok(ReceivedUnit {
            epc: Epc::parse(&self.epc),
            observed: Observed::parse(&self.observed).ok_or_else(damaged)?,
            through: self.through,
            verdict: ReceiptVerdict::parse(&self.verdict).ok_or_else(damaged)?,
            why: self.why,
            label: (self.label_lot, self.label_expiry),
            data: (self.data_lot, self.data_expiry),
            contents: self.contents.map(unsigned),
            shipment: self.shipment,
            at: time(self.seen_at)?,
            times: self.times,
            round: self.round,
            key: self.key,
        })
    }
}

fn time(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| StoreError::Damaged("a time".to_owned()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
