//! Carriers: one for each protocol, chosen by the channel.

mod as2;
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
    station: Option<Station>,
}

impl Carriers {
    /// Carriers that call partners by this connector.
    pub fn new(outbound: &Outbound) -> Carriers {
        Carriers { outbound: outbound.clone(), station: None }
    }

    /// The same that send AS2 messages from this station.
    pub fn with_as2(self, station: &Station) -> Carriers {
        Carriers { station: Some(station.clone()), ..self }
    }
}

impl Carrier for Carriers {
    async fn carry(&self, delivery: &Outgoing) -> Result<Receipt, CarryError> {
        match (&delivery.channel.by, &self.station) {
            (Channel::As2(settings), Some(station)) => {
                as2::carry(&self.outbound, station, settings, delivery).await
            }
            (Channel::Webhook(settings), _) => webhook::carry(&self.outbound, settings, delivery).await,
            (other, _) => Err(CarryError {
                answer: format!("nothing is sent by {} yet", other.kind()),
                ..CarryError::default()
            }),
        }
    }
}
