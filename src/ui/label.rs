//! Label: what a scan says of a package, as it is shown beside its verdict.

use chrono::NaiveDate;

use crate::gs1::Scan;
use crate::gs1::ScannedDate;
use crate::ui::item;

/// What a scan says, in the words of the screen; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// GTIN-14, or the SSCC of a logistic unit.
    pub key: Option<String>,
    /// `GTIN` or `SSCC`.
    pub key_name: &'static str,
    /// Serial number.
    pub serial: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Expiry date, `2028-03-31`; as scanned where it is no date.
    pub expiry: Option<String>,
    /// Path of the page of the item; of the trade item's, where no serial number was scanned, there is none.
    pub page: Option<String>,
}

impl Label {
    /// The label of a scan.
    pub fn of(scan: &Scan, today: NaiveDate) -> Label {
        let gtin = scan.gtin.map(|gtin| gtin.to_string());
        let sscc = scan.sscc.as_ref().map(ToString::to_string);
        let names_item = scan.sscc.is_some() || scan.serial.is_some();
        Label {
            key_name: if sscc.is_some() { "SSCC" } else { "GTIN" },
            key: sscc.or(gtin),
            serial: scan.serial.as_deref().map(str::to_owned),
            lot: scan.lot.as_deref().map(str::to_owned),
            expiry: scan.expiry.as_ref().map(|date| day(date, today)),
            page: if names_item { item::path(scan.epc()) } else { None },
        }
    }

    /// What tells it from others at a glance: the serial number, or the key.
    pub fn shown(&self) -> &str {
        self.serial.as_deref().or(self.key.as_deref()).unwrap_or_default()
    }
}

fn day(date: &ScannedDate, today: NaiveDate) -> String {
    date.date(today).map_or_else(|| date.as_str().to_owned(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: [Option<&str>; 5]) {
        let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let label = Label::of(&Scan::parse(text).unwrap(), today);
        let found = [&label.key, &label.serial, &label.lot, &label.expiry, &label.page];
        assert_eq!(found.map(|value| value.as_deref()), expected, "{text}");
    }

    #[test]
    fn says_what_was_scanned() {
        check(
            "]d2010030001012345521A/1\u{1d}1728020010L1",
            [
                Some("00300010123455"),
                Some("A/1"),
                Some("L1"),
                Some("2028-02-29"),
                Some("/items/01/00300010123455/21/A%2F1"),
            ],
        );
        check("00300010123455", [Some("00300010123455"), None, None, None, None]);
        let sscc = "/items/00/003529990000000173";
        check("00003529990000000173", [Some("003529990000000173"), None, None, None, Some(sscc)]);
    }
}
