//! epcgate: a DSCSA and EPCIS interoperability gateway.
//!
//! Data flows one way: a door (`api`, `cli`) → a job of work (`capture`) → the store or a form → back out of a door.
//! `ARCHITECTURE.md` is the map and `tests/tidy.rs` holds its rules. The rooms, ground floor first: [`gs1`], [`epcis`],
//! [`dscsa`] and [`formats`] say what things are; [`transport`] reaches partners; [`access`] and [`store`] keep things;
//! [`reconcile`], [`capture`] and [`export`] work; the rest are doors.

pub mod access;
pub mod api;
pub mod audit;
pub mod capture;
pub mod cli;
pub mod config;
pub mod dscsa;
pub mod epcis;
pub mod exchange;
pub mod export;
pub mod formats;
pub mod gs1;
pub mod notices;
pub mod onboard;
pub mod reconcile;
pub mod returns;
pub mod server;
pub mod store;
pub mod transport;
pub mod ui;
pub mod verify;
