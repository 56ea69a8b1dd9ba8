//! What exchanges with partners while the gateway serves: the inbox with its clerk and pickers, the outbox with its dispatcher.

use chrono::Utc;

use crate::capture::Queue;
use crate::config::Settings;
use crate::exchange::Carriers;
use crate::exchange::Clerk;
use crate::exchange::Dispatcher;
use crate::exchange::Inbox;
use crate::exchange::Outbox;
use crate::exchange::Pickers;
use crate::exchange::as2::Station;
use crate::server::ServerError;
use crate::store::Store;
use crate::transport::Outbound;

/// The workers that exchange with partners.
pub(super) struct Exchanging {
    inbox: Inbox,
    outbox: Outbox,
    station: Station,
    clerk: Clerk,
    dispatcher: Dispatcher,
    pickers: Pickers,
}

impl Exchanging {
    /// Starts them; `queue` wakes those who capture.
    pub(super) fn start(settings: &Settings, store: &Store, queue: Queue) -> Result<Exchanging, ServerError> {
        let outbound = Outbound::new(&settings.outbound)?;
        let outbox = Outbox::new(store, &settings.exchange);
        let inbox = Inbox::new(store, &settings.exchange, &settings.limits, queue);
        let station = Station::new(store, &settings.as2, &inbox, &outbox);
        let carriers = Carriers::new(&outbound, &station);
        let clerk = Clerk::start(&inbox, Utc::now).map_err(ServerError::Start)?;
        let dispatcher = Dispatcher::start(&outbox, carriers, Utc::now).map_err(ServerError::Start)?;
        let wished = (&settings.exchange, &settings.limits);
        let pickers =
            Pickers::start((store, &inbox), &outbound, wished, Utc::now).map_err(ServerError::Start)?;
        Ok(Exchanging { inbox, outbox, station, clerk, dispatcher, pickers })
    }

    /// Where everything that partners send comes in, and what goes out.
    pub(super) fn boxes(&self) -> (&Inbox, &Outbox) {
        (&self.inbox, &self.outbox)
    }

    /// Where AS2 messages are taken.
    pub(super) fn station(&self) -> &Station {
        &self.station
    }

    /// Stops them in order.
    pub(super) fn stop(self) {
        self.pickers.stop();
        self.dispatcher.stop();
        self.clerk.stop();
    }
}
