//! Deliveries as files on a partner's SFTP server.

use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::carriers::parcel;
use crate::transport::Outbound;
use crate::transport::Outlet;
use crate::transport::sftp::Session;
use crate::transport::sftp::Settings;

/// Drops a delivery off; it is delivered once it stands under its own name.
pub(super) async fn carry(
    outbound: &Outbound,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    let server = format!("sftp://{}@{}:{}", settings.user, settings.host, settings.port);
    let Some(drop_off) = &settings.drop_off else {
        return Err(CarryError::new(
            &server,
            "the channel has no drop_off, so that nothing is sent by it".to_owned(),
            true,
        ));
    };
    let opened = parcel::opened(delivery).await;
    let parcel =
        opened.map_err(|error| CarryError::new(&server, format!("it cannot be read: {error}"), false))?;
    let request = format!("PUT {server}/{}/{}", drop_off.folder, parcel.name);
    let session = Session::open(outbound, settings).await;
    // Whatever keeps us out, the partner or our operator can mend it before the last try.
    let session = session.map_err(|error| CarryError::new(&request, error.to_string(), false))?;
    let mut content = Outlet::of(parcel.content);
    let delivered = session.deliver(drop_off, (&parcel.name, parcel.bytes), &mut content).await;
    session.close().await;
    let path = delivered.map_err(|error| CarryError::new(&request, error.to_string(), false))?;
    Ok(Receipt { request, answer: format!("{} bytes are there as {path}", parcel.bytes), awaited: None })
}
