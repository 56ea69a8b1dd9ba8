//! Exchange with partners: what comes from them is kept, captured and answered; what goes to them is put, sent in order and
//! sent again until they have it.
//!
//! A carrier or a receiver of a protocol needs three things of this room. [`Inbox::take`] takes what came: once it returns, the
//! message may be acknowledged, and what is sent again gets the earlier answer. [`Carrier`] sends one delivery by one
//! protocol; the [`Dispatcher`] decides when. [`Outbox`] takes what is to be sent, and the receipts that come later.
//! The [`Pickers`] look for what partners left for us to fetch, and take it in.

mod answer;
pub mod as2;
mod carrier;
mod carriers;
mod clerk;
mod dispatcher;
mod inbox;
mod outbox;
mod pickers;
mod shipment;
pub mod shown;
mod trial;

use serde::Deserialize;

pub use carrier::Body;
pub use carrier::Carrier;
pub use carrier::CarryError;
pub use carrier::Outgoing;
pub use carrier::Receipt;
pub use carriers::Carriers;
pub use clerk::Clerk;
pub use dispatcher::Dispatcher;
pub use inbox::Inbox;
pub use inbox::InboxError;
pub use inbox::Taken;
pub use outbox::Outbox;
pub use pickers::Pickers;
pub use shipment::offer_shipment;
pub use trial::look;
pub use trial::probe;

pub use crate::store::Arrival;

/// How partners are sent to, and what is taken from them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds before each try of a delivery; after the last one it is given up.
    pub schedule_seconds: Vec<u32>,
    /// By which share of itself each of these is drawn out at most.
    pub jitter: f64,
    /// Days of failures alone after which nothing more is sent by a channel.
    pub pause_days: u32,
    /// Channels that are sent by at one time.
    pub channels_at_once: usize,
    /// Seconds that one delivery may take.
    pub carry_seconds: u64,
    /// Seconds after which another process takes up what one was sending when it was killed.
    pub lease_seconds: u32,
    /// Arrivals that may wait for their answer; more are not taken.
    pub most_open: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            schedule_seconds: vec![0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
            jitter: 0.1,
            pause_days: 5,
            channels_at_once: 8,
            carry_seconds: 3_600,
            lease_seconds: 30,
            most_open: 10_000,
        }
    }
}
