//! Company prefixes and their lengths, as documents taught them or the operator set them.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::store::Store;
use crate::store::StoreError;
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
