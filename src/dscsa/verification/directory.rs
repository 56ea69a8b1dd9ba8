//! DirectoryRecord: who answers for a trade item, and which of several records is the right one for a package (GS1 US
//! guideline for DSCSA, lookup directory).

use std::fmt;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use crate::gs1::Gtin;

/// Digits that a GS1 company prefix has, at least and at most.
pub const PREFIX_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// What a record of the directory is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryScope {
    /// One trade item.
    Gtin(Gtin),
    /// Every trade item of a company that has no record of its own: digits of its GS1 company prefix.
    Prefix(Box<str>),
}

/// Who answers for a trade item, from one expiry date to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryRecord {
    /// What it is about.
    pub scope: DirectoryScope,
    /// The first expiry date it is for (`startExpDate`); `None` for any before.
    pub starts: Option<NaiveDate>,
    /// The last expiry date it is for (`endExpDate`); `None` for any after.
    pub ends: Option<NaiveDate>,
    /// The context it is for, such as `dscsaSaleableReturn`; empty for all that have no record of their own.
    pub context: Box<str>,
    /// GLN of who answers, 13 digits whose check digit is not judged; empty where it is not known.
    pub responder: Box<str>,
    /// Name of the provider that is asked, as the settings name it; empty where there is none.
    pub provider: Box<str>,
    /// Where it is asked, without `/verify`; empty where there is no way but to write or call.
    pub url: Box<str>,
    /// False where it is not to be used for now.
    pub active: bool,
    /// Where it comes from.
    pub source: Box<str>,
    /// When it was last changed there.
    pub modified: Option<DateTime<Utc>>,
    /// How to reach people.
    pub contact: DirectoryContact,
}

/// How to reach the people behind a record; empty where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryContact {
    /// Business name.
    pub name: Box<str>,
    /// E-mail address.
    pub email: Box<str>,
    /// Telephone number.
    pub phone: Box<str>,
    /// Address of a web page on which to ask.
    pub portal: Box<str>,
}

/// Why there is no record for a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Neither its trade item nor its company is in the directory.
    Unknown,
    /// There are records for its trade item, and none is for this expiry date.
    Expiry(DirectoryContact),
    /// There are records for its trade item, and none is for this context.
    Context(DirectoryContact),
    /// There is a record, and it is not to be used for now.
    Inactive(DirectoryContact),
}

/// Chooses the record for a package: that of its trade item for its expiry date and context; where its trade item has none at
/// all, that of the longest company prefix. A trade item that has records is never sent by its prefix, as who is found so may
/// not be who answers for it any more, and would accuse good product.
pub fn choose<'a>(
    records: &'a [DirectoryRecord],
    gtin: Gtin,
    expiry: Option<NaiveDate>,
    context: &str,
) -> Result<&'a DirectoryRecord, NoRoute> {
    let of_length = |length: usize| {
        move |record: &&DirectoryRecord| record.scope.covers(gtin) && record.scope.digits().len() == length
    };
    let lengths = std::iter::once(14).chain(PREFIX_DIGITS.rev());
    for length in lengths {
        let own: Vec<&DirectoryRecord> = records.iter().filter(of_length(length)).collect();
        if !own.is_empty() {
            return among(&own, expiry, context);
        }
    }
    Err(NoRoute::Unknown)
}

fn among<'a>(
    own: &[&'a DirectoryRecord],
    expiry: Option<NaiveDate>,
    context: &str,
) -> Result<&'a DirectoryRecord, NoRoute> {
    let contact = || {
        let known = own.iter().find(|record| !record.contact.is_empty());
        known.map(|record| record.contact.clone()).unwrap_or_default()
    };
    let dated: Vec<&&DirectoryRecord> = own.iter().filter(|record| record.is_for(expiry)).collect();
    if dated.is_empty() {
        return Err(NoRoute::Expiry(contact()));
    }
    let of = |wanted: &str| {
        let mut found: Vec<&DirectoryRecord> =
            dated.iter().filter(|record| &*record.context == wanted).map(|record| **record).collect();
        found.sort_by_key(|record| !record.active);
        found.first().copied()
    };
    match of(context).or_else(|| of("")) {
        None => Err(NoRoute::Context(contact())),
        Some(record) if !record.active => Err(NoRoute::Inactive(record.contact.clone())),
        Some(record) => Ok(record),
    }
}

impl DirectoryScope {
    /// The digits it is found by: a GTIN-14, or a company prefix.
    pub fn digits(&self) -> &str {
        match self {
            DirectoryScope::Gtin(gtin) => gtin.as_str(),
            DirectoryScope::Prefix(digits) => digits,
        }
    }

    /// True where a trade item is concerned; its indicator digit is no part of the company prefix.
    pub fn covers(&self, gtin: Gtin) -> bool {
        match self {
            DirectoryScope::Gtin(own) => *own == gtin,
            DirectoryScope::Prefix(digits) => {
                gtin.as_str().get(1..).is_some_and(|rest| rest.starts_with(&**digits))
            }
        }
    }

    /// The digits of all scopes that may concern a trade item.
    pub fn all_digits(gtin: Gtin) -> Vec<String> {
        let prefixes = PREFIX_DIGITS.filter_map(|length| gtin.as_str().get(1..=length).map(str::to_owned));
        std::iter::once(gtin.to_string()).chain(prefixes).collect()
    }
}

impl DirectoryRecord {
    /// Its name: what it is about, its context and its first expiry date, of which there is one record.
    pub fn id(&self) -> String {
        let starts = self.starts.map(|day| day.to_string()).unwrap_or_default();
        format!("{}:{}:{starts}", self.scope.digits(), self.context)
    }

    /// True where it is for this expiry date; for one that no calendar has, only where it is for all.
    pub fn is_for(&self, expiry: Option<NaiveDate>) -> bool {
        match expiry {
            Some(day) => {
                self.starts.is_none_or(|first| first <= day) && self.ends.is_none_or(|last| day <= last)
            }
            None => self.starts.is_none() && self.ends.is_none(),
        }
    }

    /// True where both are for the same packages, so that nobody can tell which is right.
    pub fn overlaps(&self, other: &DirectoryRecord) -> bool {
        let begins_by_end = |one: &DirectoryRecord, other: &DirectoryRecord| match (one.starts, other.ends) {
            (Some(first), Some(last)) => first <= last,
            _ => true,
        };
        self.active
            && other.active
            && self.scope == other.scope
            && self.context == other.context
            && begins_by_end(self, other)
            && begins_by_end(other, self)
    }
}

impl DirectoryContact {
    /// True where nothing is known.
    pub fn is_empty(&self) -> bool {
        [&self.name, &self.email, &self.phone, &self.portal].iter().all(|text| text.is_empty())
    }
}

/// In the words of a next step: `Cedar Pharma, 555-0100, vrs@cedar.example`.
impl fmt::Display for DirectoryContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.name, &self.phone, &self.email, &self.portal];
        let known: Vec<&str> = all.into_iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
        f.write_str(&known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GTIN: &str = "00300010123455";

    fn record(digits: &str, context: &str, starts: &str, ends: &str) -> DirectoryRecord {
        let scope = match digits.len() {
            14 => DirectoryScope::Gtin(Gtin::parse(digits).unwrap()),
            _ => DirectoryScope::Prefix(digits.into()),
        };
        DirectoryRecord {
            scope,
            starts: starts.parse().ok(),
            ends: ends.parse().ok(),
            context: context.into(),
            responder: Box::default(),
            provider: Box::default(),
            url: format!("{digits}{context}{starts}").into(),
            active: true,
            source: Box::default(),
            modified: None,
            contact: DirectoryContact::default(),
        }
    }

    fn check(records: &[DirectoryRecord], expiry: &str, context: &str, expected: Result<usize, NoRoute>) {
        let gtin = Gtin::parse(GTIN).unwrap();
        let found = choose(records, gtin, expiry.parse().ok(), context);
        let at = found.map(|found| records.iter().position(|record| record.id() == found.id()).unwrap());
        assert_eq!(at, expected, "{expiry} {context}");
    }

    #[test]
    fn the_expiry_date_tells_which_record() {
        let none = DirectoryContact::default;
        let records = [
            record(GTIN, "", "", "2027-12-31"),
            record(GTIN, "", "2028-01-01", "2028-12-31"),
            record("03", "", "", ""),
        ];
        check(&records, "2027-12-31", "x", Ok(0));
        check(&records, "2028-01-01", "x", Ok(1));
        check(&records, "2028-12-31", "x", Ok(1));
        check(&records, "2029-01-01", "x", Err(NoRoute::Expiry(none())));
        check(&records, "no day", "x", Err(NoRoute::Expiry(none())));
        let contexts = [record(GTIN, "a", "", ""), record(GTIN, "b", "", "")];
        check(&contexts, "2028-01-01", "b", Ok(1));
        check(&contexts, "2028-01-01", "c", Err(NoRoute::Context(none())));
        let open = [record(GTIN, "a", "", ""), record(GTIN, "", "", "")];
        check(&open, "no day", "a", Ok(0));
        check(&open, "no day", "c", Ok(1));
    }

    #[test]
    fn a_company_answers_for_what_has_no_record() {
        let mut records =
            vec![record("030001", "", "", ""), record("0300010", "", "", ""), record("0400", "", "", "")];
        check(&records, "2028-01-01", "x", Ok(1));
        records.push(record(GTIN, "", "2029-01-01", ""));
        let contact = DirectoryContact { phone: "555-0100".into(), ..DirectoryContact::default() };
        records[3].contact = contact.clone();
        check(&records, "2028-01-01", "x", Err(NoRoute::Expiry(contact.clone())));
        check(&records, "2029-01-01", "x", Ok(3));
        records[3].active = false;
        check(&records, "2029-01-01", "x", Err(NoRoute::Inactive(contact)));
        check(&records[2..3], "2028-01-01", "x", Err(NoRoute::Unknown));
    }

    #[test]
    fn windows_include_both_their_ends() {
        let overlap = |one: (&str, &str), other: (&str, &str)| {
            let (one, other) = (record(GTIN, "", one.0, one.1), record(GTIN, "", other.0, other.1));
            assert_eq!(one.overlaps(&other), other.overlaps(&one));
            one.overlaps(&other)
        };
        assert!(overlap(("", ""), ("2027-01-01", "2027-12-31")));
        assert!(overlap(("", "2027-06-30"), ("2027-06-30", "")));
        assert!(!overlap(("", "2027-06-29"), ("2027-06-30", "")));
        assert!(!record(GTIN, "a", "", "").overlaps(&record(GTIN, "b", "", "")));
        assert!(!record(GTIN, "", "", "").overlaps(&record("0300010", "", "", "")));
    }

    #[test]
    fn a_prefix_begins_behind_the_indicator() {
        let gtin = Gtin::parse("50300010123450").unwrap();
        assert!(record("0300010", "", "", "").scope.covers(gtin));
        assert!(!record("5030", "", "", "").scope.covers(gtin));
        let digits = DirectoryScope::all_digits(gtin);
        assert_eq!((digits.len(), &*digits[1], &*digits[9]), (10, "0300", "030001012345"));
    }
}
