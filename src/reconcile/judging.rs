//! How a document is judged: by the operator's severities, by those agreed with its sender, and with what the receiver knows.

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::ProductSource;
use crate::dscsa::RuleOverrides;
use crate::dscsa::TradingPartner;
use crate::dscsa::guideline::Options;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::store::Store;
use crate::store::StoreError;

/// How a document with this header, as far as it stands before the events, is judged at `now`. What a partner's policy says of a rule
/// stands over what the operator says in general.
///
/// Fails where the store does.
pub fn options(
    store: &Store,
    overrides: &RuleOverrides,
    header: &Header,
    now: DateTime<Utc>,
) -> Result<Options, StoreError> {
    let mut overrides = overrides.clone();
    if let Some(sender) = sender(store, header)? {
        overrides.agree(&sender.policy);
    }
    let (parties, products) = (store.clone(), store.clone());
    Ok(Options {
        now: Some(EventTime::from_utc(now)),
        overrides,
        known_party: Box::new(move |gln| told(knows_party(&parties, gln))),
        known_product: Box::new(move |gtin| told(knows_product(&products, gtin))),
        ..Options::default()
    })
}

fn sender(store: &Store, header: &Header) -> Result<Option<TradingPartner>, StoreError> {
    let sender = header.sbdh.as_ref().and_then(|sbdh| sbdh.sender()).map(str::trim);
    let gln = sender.and_then(|sender| Gln::parse(sender).ok().or_else(|| Epc::parse(sender).gln()));
    gln.map_or(Ok(None), |gln| store.partner_with_gln(&Caller::operator(), gln))
}

fn knows_party(store: &Store, gln: &str) -> Result<bool, StoreError> {
    let Ok(gln) = Gln::parse(gln) else { return Ok(false) };
    Ok(store.partner_with_gln(&Caller::operator(), gln)?.is_some())
}

/// What documents say of products is not knowledge of the receiver's own.
fn knows_product(store: &Store, gtin: &str) -> Result<bool, StoreError> {
    let Ok(gtin) = Gtin::parse(gtin) else { return Ok(false) };
    let known = store.product(&Caller::operator(), gtin)?;
    Ok(known.is_some_and(|known| {
        let sources = known.statements.iter().map(|statement| &statement.provenance.source);
        sources.into_iter().any(|source| !matches!(source, ProductSource::Document { .. }))
    }))
}

/// Where the store fails the document is judged as if nothing were known; its capture then fails by itself.
fn told(known: Result<bool, StoreError>) -> bool {
    known.unwrap_or_else(|error| {
        tracing::warn!(%error, "partners and products cannot be looked up while a document is judged");
        false
    })
}
