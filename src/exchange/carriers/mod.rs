//! Carriers: one for each protocol, chosen by the channel.

mod webhook;

use crate::exchange::Carrier;
use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::transport::Channel;
use crate::transport::Outbound;

/// Sends by whatever protocol a channel has.
#[derive(Clone)]
pub struct Carriers {
    outbound: Outbound,
}

impl Carriers {
    /// Carriers that call partners by this connector.
    pub fn new(outbound: &Outbound) -> Carriers {
        Carriers { outbound: outbound.clone() }
    }
}

impl Carrier for Carriers {
    async fn carry(&self, delivery: &Outgoing) -> Result<Receipt, CarryError> {
        match &delivery.channel.by {
            Channel::Webhook(settings) => webhook::carry(&self.outbound, settings, delivery).await,
            other => Err(CarryError {
                answer: format!("nothing is sent by {} yet", other.kind()),
                ..CarryError::default()
            }),
        }
    }
}
