//! Differences: where goods, data and orders do not agree, as a receipt or a comparison finds them.

use std::fmt;

/// A product, a lot of it or one unit of it, as a label or as data say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Goods {
    /// GTIN-14, or as read where it is malformed; empty where it is not known.
    pub gtin: String,
    /// The serial number of one unit.
    pub serial: Option<String>,
    /// The lot number.
    pub lot: Option<String>,
    /// The expiry date, `YYYY-MM-DD`, or as read where it is no date.
    pub expiry: Option<String>,
}

impl Goods {
    /// One unit by its GTIN and serial number.
    pub fn unit(gtin: &str, serial: &str) -> Goods {
        Goods { gtin: gtin.to_owned(), serial: Some(serial.to_owned()), ..Goods::default() }
    }

    /// The same of this lot and expiry date.
    pub fn of_lot(mut self, lot: Option<&str>, expiry: Option<&str>) -> Goods {
        self.lot = lot.map(str::to_owned);
        self.expiry = expiry.map(str::to_owned);
        self
    }
}

impl fmt::Display for Goods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("GTIN", Some(&self.gtin).filter(|gtin| !gtin.is_empty())),
            ("serial", self.serial.as_ref()),
            ("lot", self.lot.as_ref()),
            ("expiry", self.expiry.as_ref()),
        ];
        let told: Vec<String> =
            parts.iter().filter_map(|(name, value)| Some(format!("{name} {}", (*value)?))).collect();
        f.write_str(&told.join(", "))
    }
}

/// How goods without data were observed (PDG exception schemas, `ObservationSource`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Observation {
    /// A barcode was read.
    #[default]
    Scan,
    /// The packing slip lists them.
    PackingSlip,
    /// The despatch advice lists them.
    DespatchAdvice,
    /// Otherwise.
    Other,
}

impl Observation {
    /// Every source.
    pub const ALL: [Observation; 4] =
        [Observation::Scan, Observation::PackingSlip, Observation::DespatchAdvice, Observation::Other];

    /// The word of PDG's schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Observation::Scan => "Scan",
            Observation::PackingSlip => "Packing Slip",
            Observation::DespatchAdvice => "ASN",
            Observation::Other => "Other",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Observation> {
        Observation::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// One place where goods, data and orders do not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// The data have it, the goods do not.
    Short(Goods),
    /// The goods have it, the data of this delivery do not.
    Over(Goods),
    /// Goods for which no data came at all.
    MissingData(Goods, Observation),
    /// The label says another lot, expiry date, GTIN or serial number than the data.
    Misaligned {
        /// What the data say.
        data: Goods,
        /// What the label says.
        label: Goods,
    },
    /// Another number of units came than was ordered or advised.
    Quantity {
        /// GTIN-14.
        gtin: String,
        /// Units ordered or advised.
        ordered: u64,
        /// Units received.
        received: u64,
    },
    /// Goods that may not be passed on or used: recalled, held, expired, decommissioned, damaged.
    Unavailable {
        /// What.
        goods: Goods,
        /// Why, a few words without a full stop, such as `it is recalled`.
        why: String,
    },
    /// The package or its label is wrong: no readable code, wrong or missing text.
    Packaging {
        /// What.
        goods: Goods,
        /// Why, a few words without a full stop.
        why: String,
    },
    /// A GLN that nobody knows or that is wrong.
    WrongPlace {
        /// The GLN as sent.
        gln: String,
        /// What it should be, if that is known.
        proposed: Option<String>,
    },
    /// A GTIN that nobody knows or that is wrong.
    WrongProduct {
        /// The GTIN as sent.
        gtin: String,
        /// What it should be, if that is known.
        proposed: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_are_named_as_far_as_known() {
        let unit = Goods::unit("00300010123455", "7").of_lot(Some("A1"), None);
        assert_eq!(unit.to_string(), "GTIN 00300010123455, serial 7, lot A1");
        assert_eq!(Goods::default().to_string(), "");
    }

    #[test]
    fn sources_have_the_words_of_the_schema() {
        for source in Observation::ALL {
            assert_eq!(Observation::parse(source.as_str()), Some(source));
        }
        assert_eq!(Observation::parse("scan"), None);
    }
}
