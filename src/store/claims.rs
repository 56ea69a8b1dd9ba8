//! Claims: who was first with a document's bytes, or with a sender's name for it.

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::store::StoreError;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::document_claims;

/// The claim to bytes of this SHA-256.
pub(super) fn bytes_claim(sha256: &[u8; 32]) -> String {
    let digits: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes_claim_of(&digits)
}

/// The same by the hexadecimal digits of the SHA-256.
pub(super) fn bytes_claim_of(digits: &str) -> String {
    format!("sha256:{digits}")
}

/// The claim to a sender's `InstanceIdentifier`.
pub(super) fn instance_claim(sender: &str, instance_identifier: &str) -> String {
    format!("instance:{sender}:{instance_identifier}")
}

/// Claims for this document; the document that was first, which may be this one.
pub(super) fn claim(connection: &mut AnyConnection, claim: &str, document: i64) -> Result<i64, StoreError> {
    let row = (document_claims::claim.eq(claim), document_claims::document.eq(document));
    either!(connection, concrete => diesel::insert_into(document_claims::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(concrete))?;
    Ok(document_claims::table.find(claim).select(document_claims::document).first(connection)?)
}

/// Gives up every claim of this document.
pub(super) fn release(connection: &mut AnyConnection, document: i64) -> Result<(), StoreError> {
    diesel::delete(document_claims::table.filter(document_claims::document.eq(document)))
        .execute(connection)?;
    Ok(())
}
