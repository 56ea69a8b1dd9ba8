//! Carriers: one for each protocol, chosen by the channel.

mod as2;
mod folder;
mod https;
mod parcel;
mod sftp;
mod webhook;

use crate::exchange::Carrier;
use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::as2::Station;
use crate::transport::Channel;
use crate::transport::Outbound;

/// Sends by whatever protocol a channel has.
#[derive(Clone)]
pub struct Carriers {
    outbound: Outbound,
    station: Station,
}

impl Carriers {
    /// Carriers that call partners by this connector, and send AS2 messages from this station.
    pub fn new(outbound: &Outbound, station: &Station) -> Carriers {
        Carriers { outbound: outbound.clone(), station: station.clone() }
    }
}

impl Carrier for Carriers {
    async fn carry(&self, delivery: &Outgoing) -> Result<Receipt, CarryError> {
        let outbound = &self.outbound;
        match &delivery.channel.by {
            Channel::Webhook(settings) => webhook::carry(outbound, settings, delivery).await,
            Channel::Sftp(settings) => sftp::carry(outbound, settings, delivery).await,
            Channel::Folder(settings) => folder::carry(outbound, settings, delivery).await,
            Channel::Https(settings) => https::carry(outbound, settings, delivery).await,
            Channel::As2(settings) => as2::carry(outbound, &self.station, settings, delivery).await,
        }
    }
}
