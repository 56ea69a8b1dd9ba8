//! Deliveries as files in a folder of this machine.

use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::carriers::parcel;
use crate::transport::Outbound;
use crate::transport::folder::Settings;

/// Drops a delivery off; it is delivered once it stands under its own name.
pub(super) async fn carry(
    outbound: &Outbound,
    settings: &Settings,
    delivery: &Outgoing,
) -> Result<Receipt, CarryError> {
    let Some(drop_off) = settings.drop_off.clone() else {
        return Err(CarryError::new(
            "",
            "the channel has no drop_off, so that nothing is sent by it".to_owned(),
            true,
        ));
    };
    let opened = parcel::opened(delivery).await;
    let mut parcel =
        opened.map_err(|error| CarryError::new("", format!("it cannot be read: {error}"), false))?;
    let request = format!("write {}/{}", drop_off.folder, parcel.name);
    let (folders, bytes) = (outbound.folders(), parcel.bytes);
    let writing = tokio::task::spawn_blocking(move || {
        folders.deliver(&drop_off, (&parcel.name, parcel.bytes), &mut parcel.content)
    });
    match writing.await {
        Ok(Ok(path)) => {
            let answer = format!("{bytes} bytes are there as {}", path.display());
            Ok(Receipt { request, answer, awaited: None })
        }
        Ok(Err(error)) => Err(CarryError::new(&request, error.to_string(), false)),
        Err(_) => Err(CarryError::new(&request, "writing it ended in a panic".to_owned(), false)),
    }
}
