//! Certificates of partners' machines, by their fingerprints; each change of one is written into the audit trail with it.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::json;
use thiserror::Error;

use crate::access::Caller;
use crate::access::Fingerprint;
use crate::access::PinnedCertificate;
use crate::dscsa::AuditEntry;
use crate::dscsa::TradingPartner;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::partners;
use crate::store::schema::partner_certificates;
use crate::store::sight;

/// Why a certificate was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PinConflict {
    /// There is no such partner.
    #[error("there is no partner {0}; import it first")]
    NoPartner(String),
    /// A machine speaks for one partner.
    #[error("the certificate is that of partner {0}; take it away from there first")]
    Taken(String),
}

type Row = (String, String, i64, String);

impl Store {
    /// Keeps a certificate of a partner; one that is kept already stays as it is.
    pub fn pin_certificate(
        &self,
        caller: &Caller,
        pin: &PinnedCertificate,
    ) -> Result<Result<(), PinConflict>, StoreError> {
        sight::house(caller)?;
        let fingerprint = pin.fingerprint.to_string();
        self.write(|connection| {
            if partners::load(connection, &pin.partner)?.is_none() {
                return Ok(Err(PinConflict::NoPartner(pin.partner.clone())));
            }
            let kept = partner_certificates::table.find(&fingerprint).select(partner_certificates::partner);
            match kept.first::<String>(connection).optional()? {
                Some(partner) if partner == pin.partner => return Ok(Ok(())),
                Some(partner) => return Ok(Err(PinConflict::Taken(partner))),
                None => {}
            }
            diesel::insert_into(partner_certificates::table)
                .values((
                    partner_certificates::fingerprint.eq(&fingerprint),
                    partner_certificates::partner.eq(&pin.partner),
                    partner_certificates::pinned_at.eq(pin.pinned_at.timestamp_micros()),
                    partner_certificates::pinned_by.eq(&pin.pinned_by),
                ))
                .execute(connection)?;
            let entry = AuditEntry::done(pin.pinned_at, &pin.pinned_by, "certificates.pinned", &fingerprint);
            audit::append(connection, &[entry.after(json!({ "partner": pin.partner }))])?;
            Ok(Ok(()))
        })
    }

    /// Forgets a certificate, which from then on lets nobody in; false where there is none like it.
    pub fn unpin_certificate(
        &self,
        caller: &Caller,
        fingerprint: Fingerprint,
        (who, now): (&str, DateTime<Utc>),
    ) -> Result<bool, StoreError> {
        sight::house(caller)?;
        let fingerprint = fingerprint.to_string();
        self.write(|connection| {
            let kept = partner_certificates::table.find(&fingerprint);
            let partner: Option<String> =
                kept.select(partner_certificates::partner).first(connection).optional()?;
            let Some(partner) = partner else { return Ok(false) };
            diesel::delete(kept).execute(connection)?;
            let entry = AuditEntry::done(now, who, "certificates.unpinned", &fingerprint);
            audit::append(connection, &[entry.before(json!({ "partner": partner }))])?;
            Ok(true)
        })
    }

    /// Every certificate of a partner, or of all, by partner and time.
    pub fn pinned_certificates(
        &self,
        caller: &Caller,
        partner: Option<&str>,
    ) -> Result<Vec<PinnedCertificate>, StoreError> {
        sight::house(caller)?;
        let rows: Vec<Row> = self.read(|connection| {
            let mut query = partner_certificates::table
                .order((partner_certificates::partner, partner_certificates::pinned_at))
                .into_boxed();
            if let Some(partner) = partner {
                query = query.filter(partner_certificates::partner.eq(partner.to_owned()));
            }
            Ok(query.load(connection)?)
        })?;
        rows.into_iter().map(pin).collect()
    }

    /// The partner whose machine shows this certificate; `None` where nobody's is.
    pub fn partner_with_certificate(
        &self,
        fingerprint: Fingerprint,
    ) -> Result<Option<TradingPartner>, StoreError> {
        self.point(|connection| {
            let kept = partner_certificates::table.find(fingerprint.to_string());
            let partner: Option<String> =
                kept.select(partner_certificates::partner).first(connection).optional()?;
            partner.map_or(Ok(None), |partner| partners::load(connection, &partner))
        })
    }
}

fn pin((fingerprint, partner, at, pinned_by): Row) -> Result<PinnedCertificate, StoreError> {
    let damaged = || StoreError::Damaged(format!("certificate {fingerprint}"));
    Ok(PinnedCertificate {
        pinned_at: DateTime::from_timestamp_micros(at).ok_or_else(damaged)?,
        fingerprint: Fingerprint::parse(&fingerprint).ok_or_else(damaged)?,
        partner,
        pinned_by,
    })
}
