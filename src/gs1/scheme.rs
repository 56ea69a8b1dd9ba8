//! Scheme: the kinds of EPC identifiers, and how each key is built.

use crate::gs1::percent::Characters;

/// A kind of identifier: the 20 instance schemes, the lots, the classes and the query patterns
/// (Tag Data Standard, section 6.3; CBV 2.0, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Serialised trade item.
    Sgtin,
    /// Logistic unit.
    Sscc,
    /// Place, with or without extension.
    Sgln,
    /// Party.
    Pgln,
    /// Returnable asset.
    Grai,
    /// Individual asset.
    Giai,
    /// Service relation, recipient.
    Gsrn,
    /// Service relation, provider.
    Gsrnp,
    /// Document.
    Gdti,
    /// Component or part.
    Cpi,
    /// Coupon.
    Sgcn,
    /// Consignment.
    Ginc,
    /// Shipment.
    Gsin,
    /// Piece of a trade item.
    Itip,
    /// Unit pack with a third-party serial number.
    Upui,
    /// General identifier, outside GS1 keys.
    Gid,
    /// US Department of Defense.
    Usdod,
    /// Aerospace and defence.
    Adi,
    /// Container.
    Bic,
    /// Vessel.
    Imovn,
    /// Lot of a trade item.
    Lgtin,
    /// Lot of a piece of a trade item; Digital Link only.
    ItipLot,
    /// Trade item (GTIN).
    SgtinClass,
    /// Type of returnable asset.
    GraiClass,
    /// Type of document.
    GdtiClass,
    /// Coupon of one kind.
    SgcnClass,
    /// Component or part number.
    CpiClass,
    /// Piece of one trade item.
    ItipClass,
    /// Unit pack of one trade item; its Digital Link is the GTIN's.
    UpuiClass,
    /// A query pattern with more wildcards than a class has, such as `urn:epc:idpat:sgtin:4012345.*.*`.
    Pattern,
}

/// How the digits of a key are put together from a URN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// Prefix and reference, of which the first digit moves to the front.
    Indicator,
    /// A zero, prefix and reference.
    Zero,
    /// Prefix and reference.
    Straight,
    /// Prefix, then a reference of characters, without check digit.
    Free,
}

/// A text part: its character set and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) characters: Characters,
    pub(super) most: u8,
}

/// How a key with a Digital Link form is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Application identifier of the key.
    pub(super) key: &'static str,
    pub(super) build: Build,
    /// Digits with check digit; of a free key all characters allowed.
    pub(super) length: u8,
    /// Digits behind the check digit: piece and total.
    pub(super) pieces: u8,
    /// Text that follows the digits within the key.
    pub(super) tail: Option<Text>,
    /// Application identifier and form of the qualifier.
    pub(super) qualifier: Option<(&'static str, Text)>,
}

const SERIAL: Text = Text { characters: Characters::Set82, most: 20 };

const GTIN: Layout =
    Layout { key: "01", build: Build::Indicator, length: 14, pieces: 0, tail: None, qualifier: None };
const SGTIN: Layout = Layout { qualifier: Some(("21", SERIAL)), ..GTIN };
const LGTIN: Layout = Layout { qualifier: Some(("10", SERIAL)), ..GTIN };
const UPUI: Layout = Layout { qualifier: Some(("235", Text { most: 28, ..SERIAL })), ..GTIN };
const SSCC: Layout = Layout { key: "00", length: 18, ..GTIN };
const PGLN: Layout = Layout { key: "417", build: Build::Straight, length: 13, ..GTIN };
const SGLN: Layout = Layout { key: "414", qualifier: Some(("254", SERIAL)), ..PGLN };
const GRAI_CLASS: Layout = Layout { key: "8003", build: Build::Zero, ..GTIN };
const GRAI: Layout = Layout { tail: Some(Text { most: 16, ..SERIAL }), ..GRAI_CLASS };
const GDTI_CLASS: Layout = Layout { key: "253", ..PGLN };
const GDTI: Layout = Layout { tail: Some(Text { most: 17, ..SERIAL }), ..GDTI_CLASS };
const NUMBER: Text = Text { characters: Characters::Digits, most: 12 };
const SGCN_CLASS: Layout = Layout { key: "255", ..PGLN };
const SGCN: Layout = Layout { tail: Some(NUMBER), ..SGCN_CLASS };
const GSRN: Layout = Layout { key: "8018", length: 18, ..PGLN };
const GSRNP: Layout = Layout { key: "8017", ..GSRN };
const GSIN: Layout = Layout { key: "402", length: 17, ..PGLN };
const GIAI: Layout =
    Layout { key: "8004", build: Build::Free, length: 30, tail: Some(Text { most: 30, ..SERIAL }), ..GTIN };
const GINC: Layout = Layout { key: "401", ..GIAI };
const CPI_CLASS: Layout =
    Layout { key: "8010", tail: Some(Text { characters: Characters::Set39, most: 30 }), ..GIAI };
const CPI: Layout = Layout { qualifier: Some(("8011", NUMBER)), ..CPI_CLASS };
const ITIP_CLASS: Layout = Layout { key: "8006", pieces: 4, ..GTIN };
const ITIP: Layout = Layout { qualifier: Some(("21", SERIAL)), ..ITIP_CLASS };
const ITIP_LOT: Layout = Layout { qualifier: Some(("10", SERIAL)), ..ITIP_CLASS };

impl Scheme {
    /// Names the scheme as its URN does, such as `sgtin`; a class or pattern has a name of its own.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Sscc => "sscc",
            Self::Sgln => "sgln",
            Self::Pgln => "pgln",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Gdti => "gdti",
            Self::Cpi => "cpi",
            Self::Sgcn => "sgcn",
            Self::Ginc => "ginc",
            Self::Gsin => "gsin",
            Self::Itip => "itip",
            Self::Upui => "upui",
            Self::Gid => "gid",
            Self::Usdod => "usdod",
            Self::Adi => "adi",
            Self::Bic => "bic",
            Self::Imovn => "imovn",
            Self::Lgtin => "lgtin",
            Self::ItipLot => "itip lot",
            Self::SgtinClass => "gtin",
            Self::GraiClass => "grai class",
            Self::GdtiClass => "gdti class",
            Self::SgcnClass => "sgcn class",
            Self::CpiClass => "cpi class",
            Self::ItipClass => "itip class",
            Self::UpuiClass => "upui class",
            Self::Pattern => "pattern",
        }
    }

    /// Shows the application identifiers of the Digital Link form, such as `01/21`; `None` if it has no such form.
    pub fn application_identifiers(self) -> Option<String> {
        let layout = self.layout()?;
        Some(match layout.qualifier {
            Some((qualifier, _)) => format!("{}/{qualifier}", layout.key),
            None => layout.key.to_owned(),
        })
    }

    /// Tells whether it names things of one kind or lot (an `epcClass`) rather than one thing.
    pub fn is_class(self) -> bool {
        self == Self::Lgtin || self == Self::ItipLot || self.class() == Some(self)
    }

    /// Shows how the URN of the scheme is written; `None` if it has none.
    pub fn form(self) -> Option<&'static str> {
        Some(match self {
            Self::Sgtin => "urn:epc:id:sgtin:PREFIX.ITEM.SERIAL",
            Self::Sscc => "urn:epc:id:sscc:PREFIX.SERIAL",
            Self::Sgln => "urn:epc:id:sgln:PREFIX.LOCATION.EXTENSION",
            Self::Pgln => "urn:epc:id:pgln:PREFIX.PARTY",
            Self::Grai => "urn:epc:id:grai:PREFIX.TYPE.SERIAL",
            Self::Giai => "urn:epc:id:giai:PREFIX.ASSET",
            Self::Gsrn => "urn:epc:id:gsrn:PREFIX.SERVICE",
            Self::Gsrnp => "urn:epc:id:gsrnp:PREFIX.SERVICE",
            Self::Gdti => "urn:epc:id:gdti:PREFIX.TYPE.SERIAL",
            Self::Cpi => "urn:epc:id:cpi:PREFIX.PART.SERIAL",
            Self::Sgcn => "urn:epc:id:sgcn:PREFIX.COUPON.SERIAL",
            Self::Ginc => "urn:epc:id:ginc:PREFIX.CONSIGNMENT",
            Self::Gsin => "urn:epc:id:gsin:PREFIX.SHIPMENT",
            Self::Itip => "urn:epc:id:itip:PREFIX.ITEM.PIECE.TOTAL.SERIAL",
            Self::Upui => "urn:epc:id:upui:PREFIX.ITEM.TPX",
            Self::Gid => "urn:epc:id:gid:MANAGER.CLASS.SERIAL",
            Self::Usdod => "urn:epc:id:usdod:CAGE.SERIAL",
            Self::Adi => "urn:epc:id:adi:CAGE.PART.SERIAL",
            Self::Bic => "urn:epc:id:bic:CONTAINER of 4 letters and 7 digits",
            Self::Imovn => "urn:epc:id:imovn:VESSEL of 7 digits",
            Self::Lgtin => "urn:epc:class:lgtin:PREFIX.ITEM.LOT",
            Self::SgtinClass => "urn:epc:idpat:sgtin:PREFIX.ITEM.*",
            Self::GraiClass => "urn:epc:idpat:grai:PREFIX.TYPE.*",
            Self::GdtiClass => "urn:epc:idpat:gdti:PREFIX.TYPE.*",
            Self::SgcnClass => "urn:epc:idpat:sgcn:PREFIX.COUPON.*",
            Self::CpiClass => "urn:epc:idpat:cpi:PREFIX.PART.*",
            Self::ItipClass => "urn:epc:idpat:itip:PREFIX.ITEM.PIECE.TOTAL.*",
            Self::UpuiClass => "urn:epc:idpat:upui:PREFIX.ITEM.*",
            Self::Pattern => "urn:epc:idpat:SCHEME:PREFIX.*.* with wildcards at the end only",
            Self::ItipLot => return None,
        })
    }

    /// Names the class an instance belongs to; of a class itself, the class.
    pub(super) fn class(self) -> Option<Self> {
        Some(match self {
            Self::Sgtin | Self::Lgtin | Self::SgtinClass => Self::SgtinClass,
            Self::Upui | Self::UpuiClass => Self::UpuiClass,
            Self::Itip | Self::ItipLot | Self::ItipClass => Self::ItipClass,
            Self::Grai | Self::GraiClass => Self::GraiClass,
            Self::Gdti | Self::GdtiClass => Self::GdtiClass,
            Self::Sgcn | Self::SgcnClass => Self::SgcnClass,
            Self::Cpi | Self::CpiClass => Self::CpiClass,
            _ => return None,
        })
    }

    pub(super) fn layout(self) -> Option<&'static Layout> {
        Some(match self {
            Self::Sgtin => &SGTIN,
            Self::Lgtin => &LGTIN,
            Self::Upui => &UPUI,
            Self::SgtinClass | Self::UpuiClass => &GTIN,
            Self::Sscc => &SSCC,
            Self::Sgln => &SGLN,
            Self::Pgln => &PGLN,
            Self::Grai => &GRAI,
            Self::GraiClass => &GRAI_CLASS,
            Self::Giai => &GIAI,
            Self::Gsrn => &GSRN,
            Self::Gsrnp => &GSRNP,
            Self::Gdti => &GDTI,
            Self::GdtiClass => &GDTI_CLASS,
            Self::Cpi => &CPI,
            Self::CpiClass => &CPI_CLASS,
            Self::Sgcn => &SGCN,
            Self::SgcnClass => &SGCN_CLASS,
            Self::Ginc => &GINC,
            Self::Gsin => &GSIN,
            Self::Itip => &ITIP,
            Self::ItipLot => &ITIP_LOT,
            Self::ItipClass => &ITIP_CLASS,
            Self::Gid | Self::Usdod | Self::Adi | Self::Bic | Self::Imovn | Self::Pattern => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scheme: Scheme, identifiers: Option<&str>, is_class: bool) {
        assert_eq!(scheme.application_identifiers().as_deref(), identifiers, "{scheme:?}");
        assert_eq!(scheme.is_class(), is_class, "{scheme:?}");
    }

    #[test]
    fn knows_the_form_of_each_key() {
        check(Scheme::Sgtin, Some("01/21"), false);
        check(Scheme::Lgtin, Some("01/10"), true);
        check(Scheme::SgtinClass, Some("01"), true);
        check(Scheme::Sgln, Some("414/254"), false);
        check(Scheme::Grai, Some("8003"), false);
        check(Scheme::Cpi, Some("8010/8011"), false);
        check(Scheme::Gid, None, false);
        check(Scheme::Pattern, None, false);
    }
}
