//! The verifier of a verb: as the gateway has it, over the same store and settings.

use crate::config::Settings;
use crate::store::Store;
use crate::transport::Outbound;
use crate::verify::Means;
use crate::verify::Responder;
use crate::verify::Verifier;
use crate::verify::credential::Credentials;

/// Opens it.
pub(super) fn open(settings: &Settings, store: &Store) -> anyhow::Result<Verifier> {
    let outbound = Outbound::new(&settings.outbound)?;
    let credentials = Some(Credentials::new(&settings.credentials, &outbound)?);
    let responder = Some(Responder::new(store, &settings.verification)?);
    let means = Means { outbound: Some(outbound), credentials, journal: None, responder };
    Ok(Verifier::with(store, &settings.routing(), means)?)
}
