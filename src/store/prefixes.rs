//! Company prefixes and their lengths, as documents taught them or the operator set them.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::gs1::CompanyPrefixes;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::either;
use crate::store::schema::company_prefixes;

/// A company prefix and who told its length.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable)]
pub struct KnownPrefix {
    /// Its digits.
    pub prefix: String,
    /// `override`, `partner:…` or `seen`, in an EPC URN.
    pub origin: String,
}

impl Store {
    /// Keeps company prefixes seen in EPC URNs; what is known already stays as it is.
    pub fn learn_prefixes(&self, prefixes: &[Box<str>]) -> Result<(), StoreError> {
        let known: Vec<String> = self.read(|connection| {
            let asked = company_prefixes::prefix.eq_any(prefixes.iter().map(|prefix| &**prefix));
            Ok(company_prefixes::table.filter(asked).select(company_prefixes::prefix).load(connection)?)
        })?;
        let new: Vec<&str> = prefixes
            .iter()
            .map(|prefix| &**prefix)
            .filter(|prefix| !known.iter().any(|known| known == prefix))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.write(|connection| {
            for prefix in &new {
                let row = (
                    company_prefixes::prefix.eq(prefix),
                    company_prefixes::length.eq(i64::try_from(prefix.len()).unwrap_or(0)),
                    company_prefixes::origin.eq("seen"),
                );
                either!(connection, concrete => diesel::insert_into(company_prefixes::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(concrete))?;
            }
            Ok(())
        })
    }

    /// Sets a company prefix: it stands over the table and over what was seen, for everybody.
    pub fn set_prefix(&self, caller: &Caller, digits: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(|connection| {
            let known: Option<String> = company_prefixes::table
                .find(digits)
                .select(company_prefixes::origin)
                .first(connection)
                .optional()?;
            diesel::delete(company_prefixes::table.find(digits)).execute(connection)?;
            let row = (
                company_prefixes::prefix.eq(digits),
                company_prefixes::length.eq(i64::try_from(digits.len()).unwrap_or(0)),
                company_prefixes::origin.eq("override"),
            );
            either!(connection, concrete => diesel::insert_into(company_prefixes::table)
                .values(row)
                .execute(concrete))?;
            let entry = AuditEntry::done(now, caller.actor(), "prefixes.set", digits);
            let entry = entry.after(json!({ "origin": "override" }));
            let before = known.map(|origin| json!({ "origin": origin }).to_string()).unwrap_or_default();
            audit::append(connection, &[entry.before(before)])
        })
    }

    /// These company prefixes, and all that documents taught or somebody set besides.
    pub fn with_known_prefixes(&self, base: CompanyPrefixes) -> Result<CompanyPrefixes, StoreError> {
        Ok(self.known_prefixes()?.iter().fold(base, with))
    }

    /// All known company prefixes, in order.
    pub fn known_prefixes(&self) -> Result<Vec<KnownPrefix>, StoreError> {
        self.read(|connection| {
            Ok(company_prefixes::table
                .order(company_prefixes::prefix)
                .select((company_prefixes::prefix, company_prefixes::origin))
                .load(connection)?)
        })
    }
}

/// Adds one prefix: one seen in a URN counts as learned, one that somebody set stands over all.
fn with(mut prefixes: CompanyPrefixes, known: &KnownPrefix) -> CompanyPrefixes {
    let digits = &known.prefix;
    if known.origin == "seen" {
        let reference = "0".repeat(12_usize.saturating_sub(digits.len()));
        prefixes.learn(&format!("urn:epc:id:sgln:{digits}.{reference}.0"));
        return prefixes;
    }
    let length = u8::try_from(digits.len()).unwrap_or_default();
    // A length that no prefix has says nothing.
    prefixes.clone().with_override(digits, length).unwrap_or(prefixes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, prefix: &str, digits: &str, expected: Option<u8>) {
        let known = KnownPrefix { prefix: prefix.to_owned(), origin: origin.to_owned() };
        assert_eq!(with(CompanyPrefixes::builtin(), &known).length_of(digits), expected, "{origin} {prefix}");
    }

    #[test]
    fn seen_and_set_prefixes_are_known() {
        check("seen", "06141411", "061414112345", Some(8));
        check("seen", "061414", "061414112345", Some(6));
        check("seen", "061414112345", "061414112345", Some(12));
        check("override", "061414112", "061414112345", Some(9));
        check("override", "06", "061414112345", Some(7));
    }
}
