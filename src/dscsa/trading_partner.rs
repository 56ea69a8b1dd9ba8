//! TradingPartner: a company we trade with, its places, its licences, and what was agreed with it.

use chrono::NaiveDate;

use crate::dscsa::Dea;
use crate::dscsa::PartnerCertificate;
use crate::dscsa::PartnerPolicy;
use crate::gs1::Gln;

/// A trading partner (21 U.S.C. 360eee(23)), as the operator describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TradingPartner {
    /// The operator's own name for it, unique, such as a customer number or its GLN.
    pub id: Box<str>,
    /// Business name.
    pub name: Box<str>,
    /// What it is under the law; one company may be several things.
    pub roles: Vec<PartnerRole>,
    /// Its GLNs.
    pub glns: Vec<PartnerGln>,
    /// DEA registrations of its places.
    pub dea: Vec<Dea>,
    /// Health Industry Numbers (HIBCC) of its places, nine characters.
    pub hin: Vec<Box<str>>,
    /// Licences and registrations, of now and of before.
    pub licences: Vec<Licence>,
    /// FDA establishment identifier (FEI) or DUNS number under which a manufacturer or repackager is registered.
    pub fda_establishment: Option<Box<str>>,
    /// Business address.
    pub address: Address,
    /// Whom to write to.
    pub email: Option<Box<str>>,
    /// Whom to call.
    pub phone: Option<Box<str>>,
    /// People for particular matters.
    pub contacts: Vec<Contact>,
    /// Its certificates, of now, of before and of later.
    pub certificates: Vec<PartnerCertificate>,
    /// What was agreed with it.
    pub policy: PartnerPolicy,
}

/// What a trading partner is (21 U.S.C. 360eee).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartnerRole {
    /// Makes products, or holds their approval.
    Manufacturer,
    /// Packs products anew.
    Repackager,
    /// Distributes products to others than patients.
    Wholesaler,
    /// Gives products to patients.
    Dispenser,
    /// Third-party logistics provider: stores or moves products it does not own.
    ThirdPartyLogistics,
}

/// What a GLN of a partner names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GlnUse {
    /// The party that owns goods.
    Owner,
    /// A place.
    Location,
    /// Who is sent the invoice.
    SoldTo,
    /// Where goods are sent to.
    ShipTo,
}

/// A GLN of a partner: compared by its 13 digits, kept as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerGln {
    /// The 13 digits.
    pub gln: Gln,
    /// As sent: 13 digits, or the URN of an SGLN or PGLN.
    pub sent: Box<str>,
    /// What it names.
    pub role: GlnUse,
}

/// A licence of a state, or a registration with an authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licence {
    /// Who granted it: the two letters of a state, or a name such as `FDA`.
    pub authority: Box<str>,
    /// Its number.
    pub number: Box<str>,
    /// What it allows, such as `wholesale distributor`.
    pub kind: Box<str>,
    /// The first day it is valid; `None` where that is not known.
    pub valid_from: Option<NaiveDate>,
    /// The last day it is valid; `None` where it does not end.
    pub valid_until: Option<NaiveDate>,
}

/// Somebody at a partner who answers for something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// What for, such as `technical`, `exceptions` or `verification`; empty for everything.
    pub matter: Box<str>,
    /// Name of the person or desk.
    pub name: Box<str>,
    /// E-mail address.
    pub email: Option<Box<str>>,
    /// Telephone.
    pub phone: Option<Box<str>>,
}

/// A business address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Street lines.
    pub street: Vec<Box<str>>,
    /// City.
    pub city: Box<str>,
    /// State.
    pub state: Box<str>,
    /// Postal code.
    pub postal_code: Box<str>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Box<str>,
}

impl TradingPartner {
    /// The licence that is valid on this day and ends last; `None` where none is valid.
    pub fn licence_on(&self, day: NaiveDate) -> Option<&Licence> {
        let valid = self.licences.iter().filter(|licence| licence.is_valid_on(day));
        valid.max_by_key(|licence| licence.valid_until.unwrap_or(NaiveDate::MAX))
    }

    /// True where it is an authorised trading partner on this day (21 U.S.C. 360eee(2)): by a licence that is valid, or as a
    /// manufacturer or repackager by its registration with FDA.
    pub fn is_authorised_on(&self, day: NaiveDate) -> bool {
        let registers =
            |role: &PartnerRole| matches!(role, PartnerRole::Manufacturer | PartnerRole::Repackager);
        let registered = self.fda_establishment.is_some() && self.roles.iter().any(registers);
        registered || self.licence_on(day).is_some()
    }

    /// True where a GLN of it has these 13 digits.
    pub fn has_gln(&self, gln: Gln) -> bool {
        self.glns.iter().any(|known| known.gln == gln)
    }

    /// Its GLNs of this use.
    pub fn glns_of(&self, role: GlnUse) -> impl Iterator<Item = &PartnerGln> {
        self.glns.iter().filter(move |known| known.role == role)
    }
}

impl Licence {
    /// True from its first day to its last.
    pub fn is_valid_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_until.is_none_or(|until| day <= until)
    }
}

impl PartnerRole {
    /// Every role.
    pub const ALL: [PartnerRole; 5] = [
        PartnerRole::Manufacturer,
        PartnerRole::Repackager,
        PartnerRole::Wholesaler,
        PartnerRole::Dispenser,
        PartnerRole::ThirdPartyLogistics,
    ];

    /// `manufacturer`, `repackager`, `wholesaler`, `dispenser` or `3PL`.
    pub fn as_str(self) -> &'static str {
        match self {
            PartnerRole::Manufacturer => "manufacturer",
            PartnerRole::Repackager => "repackager",
            PartnerRole::Wholesaler => "wholesaler",
            PartnerRole::Dispenser => "dispenser",
            PartnerRole::ThirdPartyLogistics => "3PL",
        }
    }
}

impl GlnUse {
    /// Every use.
    pub const ALL: [GlnUse; 4] = [GlnUse::Owner, GlnUse::Location, GlnUse::SoldTo, GlnUse::ShipTo];

    /// `owning`, `location`, `sold-to` or `ship-to`.
    pub fn as_str(self) -> &'static str {
        match self {
            GlnUse::Owner => "owning",
            GlnUse::Location => "location",
            GlnUse::SoldTo => "sold-to",
            GlnUse::ShipTo => "ship-to",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn licence(number: &str, from: Option<&str>, until: Option<&str>) -> Licence {
        let (valid_from, valid_until) = (from.map(day), until.map(day));
        Licence { number: number.into(), valid_from, valid_until, ..Licence::default() }
    }

    fn check(licences: &[Licence], on: &str, expected: Option<&str>) {
        let partner = TradingPartner { licences: licences.to_vec(), ..TradingPartner::default() };
        let found = partner.licence_on(day(on)).map(|licence| &*licence.number);
        assert_eq!((found, partner.is_authorised_on(day(on))), (expected, expected.is_some()), "{on}");
    }

    #[test]
    fn a_licence_is_valid_from_its_first_to_its_last_day() {
        let licences = [
            licence("old", Some("2024-01-01"), Some("2025-12-31")),
            licence("new", Some("2025-12-01"), Some("2027-11-30")),
        ];
        check(&licences, "2023-12-31", None);
        check(&licences, "2024-01-01", Some("old"));
        check(&licences, "2025-12-31", Some("new"));
        check(&licences, "2027-11-30", Some("new"));
        check(&licences, "2027-12-01", None);
        check(&[licence("open", None, None)], "1999-01-01", Some("open"));
        check(&[], "2026-01-01", None);
    }

    #[test]
    fn makers_are_authorised_by_their_registration() {
        let mut partner =
            TradingPartner { fda_establishment: Some("3001234567".into()), ..Default::default() };
        assert!(!partner.is_authorised_on(day("2026-01-01")));
        partner.roles = vec![PartnerRole::Repackager];
        assert!(partner.is_authorised_on(day("2026-01-01")));
        partner.fda_establishment = None;
        assert!(!partner.is_authorised_on(day("2026-01-01")));
    }
}
