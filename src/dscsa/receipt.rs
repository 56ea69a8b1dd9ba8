//! Receipts: goods as they arrive, compared unit by unit with what the data say.

use std::fmt;

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::Difference;
use crate::gs1::Epc;

/// What goods are received against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// One shipment, by its number.
    Shipment(i64),
    /// All shipments of a purchase order, by its number or URI.
    Order(String),
    /// Nothing: whatever comes.
    Nothing,
}

/// What a receipt says of one unit or container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptVerdict {
    /// Under a recall.
    Recalled,
    /// Decommissioned, destroyed or dispensed before.
    Ended,
    /// Under a hold, or named by a finding of its data that holds it.
    Held,
    /// Past its expiry date.
    Expired,
    /// Named by data, but never commissioned.
    NeverCommissioned,
    /// Received before, and not shipped since.
    ReceivedBefore,
    /// Lot or expiry of the label are not those of the data.
    Misaligned,
    /// Not of this delivery.
    Over,
    /// No data came yet; it waits for them.
    NoData,
    /// Of this delivery and not arrived.
    Missing,
    /// As the data say.
    Expected,
}

impl ReceiptVerdict {
    /// Every verdict, the worst first.
    pub const ALL: [ReceiptVerdict; 11] = [
        ReceiptVerdict::Recalled,
        ReceiptVerdict::Ended,
        ReceiptVerdict::Held,
        ReceiptVerdict::Expired,
        ReceiptVerdict::NeverCommissioned,
        ReceiptVerdict::ReceivedBefore,
        ReceiptVerdict::Misaligned,
        ReceiptVerdict::Over,
        ReceiptVerdict::NoData,
        ReceiptVerdict::Missing,
        ReceiptVerdict::Expected,
    ];

    /// The word for it, such as `never-commissioned`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReceiptVerdict::Recalled => "recalled",
            ReceiptVerdict::Ended => "decommissioned",
            ReceiptVerdict::Held => "held",
            ReceiptVerdict::Expired => "expired",
            ReceiptVerdict::NeverCommissioned => "never-commissioned",
            ReceiptVerdict::ReceivedBefore => "received-before",
            ReceiptVerdict::Misaligned => "misaligned",
            ReceiptVerdict::Over => "over",
            ReceiptVerdict::NoData => "no-data",
            ReceiptVerdict::Missing => "short",
            ReceiptVerdict::Expected => "expected",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<ReceiptVerdict> {
        ReceiptVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }

    /// `green`, `amber` (wait, or look again) or `red` (do not use).
    pub fn light(self) -> &'static str {
        match self {
            ReceiptVerdict::Expected => "green",
            ReceiptVerdict::Over
            | ReceiptVerdict::NoData
            | ReceiptVerdict::Missing
            | ReceiptVerdict::Misaligned => "amber",
            _ => "red",
        }
    }
}

impl fmt::Display for ReceiptVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a unit is known to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Its own code was read.
    Scanned,
    /// A sealed container that holds it was scanned.
    Inferred,
    /// Not at all.
    Unseen,
}

impl Observed {
    /// `scanned`, `inferred` or `unseen`.
    pub fn as_str(self) -> &'static str {
        match self {
            Observed::Scanned => "scanned",
            Observed::Inferred => "inferred",
            Observed::Unseen => "unseen",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Observed> {
        [Observed::Scanned, Observed::Inferred, Observed::Unseen].into_iter().find(|how| how.as_str() == word)
    }
}

/// How far a receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    /// It takes scans.
    Open,
    /// It takes no more, and its event is being written.
    Closing,
    /// It is closed and its event written.
    Closed,
}

impl ReceiptState {
    /// `open`, `closing` or `closed`.
    pub fn as_str(self) -> &'static str {
        match self {
            ReceiptState::Open => "open",
            ReceiptState::Closing => "closing",
            ReceiptState::Closed => "closed",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<ReceiptState> {
        [ReceiptState::Open, ReceiptState::Closing, ReceiptState::Closed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Goods as they arrive at one time and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its name, a UUID.
    pub id: String,
    /// What is expected.
    pub against: Against,
    /// Where: an SGLN as given.
    pub place: Option<Epc>,
    /// True where nothing is taken of a file with a fault, whatever it is about, unless its sender's policy says otherwise.
    pub whole_files: bool,
    /// Who opened it and when.
    pub opened: (String, DateTime<Utc>),
    /// How far it is.
    pub state: ReceiptState,
    /// Who closed it and when.
    pub closed: Option<(String, DateTime<Utc>)>,
    /// How many receiving events it has written.
    pub rounds: i64,
    /// Units whose own code was read.
    pub scanned: u64,
    /// Units known by a sealed container.
    pub inferred: u64,
    /// Units among them that are not as the data say.
    pub faulty: u64,
}

/// One unit or container of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedUnit {
    /// Its identity, [`Epc::key`].
    pub key: String,
    /// As scanned, or as its data have it.
    pub epc: Epc,
    /// How it is known.
    pub observed: Observed,
    /// Key of the container by which it was inferred; empty for others.
    pub through: String,
    /// The verdict.
    pub verdict: ReceiptVerdict,
    /// Why, one sentence or more without a full stop; empty where all is well.
    pub why: String,
    /// Lot and expiry (`YYMMDD`) of its label; empty where the code has none.
    pub label: (String, String),
    /// Lot and expiry of its data; empty where they have none.
    pub data: (String, String),
    /// Units inferred by it; `None` for a unit.
    pub contents: Option<u64>,
    /// The shipment that it belongs to.
    pub shipment: Option<i64>,
    /// When it was first seen.
    pub at: DateTime<Utc>,
    /// How often its code was read.
    pub times: i64,
    /// Which receiving event names it, from 1.
    pub round: Option<i64>,
}

impl ReceivedUnit {
    /// True where it was observed and belongs to what is being received, so that a receiving event names it. Goods that
    /// are not of the delivery, or of which no data are known, are not taken over by receiving them.
    pub fn is_taken_over(&self, against: &Against) -> bool {
        if self.observed == Observed::Unseen {
            return false;
        }
        // What is in a container speaks for itself.
        let strange = self.contents.is_none()
            && matches!(
                self.verdict,
                ReceiptVerdict::Over
                    | ReceiptVerdict::NoData
                    | ReceiptVerdict::NeverCommissioned
                    | ReceiptVerdict::Ended
            );
        !strange && (self.shipment.is_some() || *against == Against::Nothing)
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it makes of the unit.
    pub verdict: ReceiptVerdict,
    /// What is wrong and what to do, one sentence without a full stop.
    pub words: String,
}

/// What one scan is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanAnswer {
    /// The scan names a unit or container.
    Unit(Box<UnitAnswer>),
    /// It names none: why, and what to do.
    Unread(String),
}

/// The answer about a unit or container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitAnswer {
    /// The unit as now written down.
    pub unit: ReceivedUnit,
    /// True where its code was read before.
    pub duplicate: bool,
    /// All that is wrong, the worst first.
    pub problems: Vec<Problem>,
    /// Units inferred by this scan, by verdict.
    pub contents: Vec<(ReceiptVerdict, u64)>,
    /// What the scanner did wrong and was mended.
    pub notices: Vec<String>,
}

/// What a closed receipt comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Units by verdict and by how they are known.
    pub counts: Vec<(ReceiptVerdict, Observed, u64)>,
    /// Where goods and data do not agree, a thousand of each kind at most.
    pub differences: Vec<Difference>,
    /// Shipments concerned.
    pub shipments: Vec<i64>,
}

impl Closing {
    /// How many units have a verdict, however they are known.
    pub fn count(&self, verdict: ReceiptVerdict) -> u64 {
        self.counts.iter().filter(|(own, ..)| *own == verdict).map(|(.., count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for verdict in ReceiptVerdict::ALL {
            assert_eq!(ReceiptVerdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(ReceiptVerdict::Recalled.light(), "red");
        assert!(ReceiptVerdict::Recalled < ReceiptVerdict::Misaligned);
        assert_eq!(ReceiptState::parse("closing"), Some(ReceiptState::Closing));
        assert_eq!(Observed::parse("seen"), None);
    }
}
