//! The gateway from outside: the command line, HTTP, the store on both databases, crashes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test ends by panicking

mod agreed;
mod audit;
mod browser;
mod canaries;
mod capture;
mod cli;
mod config_check;
mod crash;
mod credentials;
mod directory;
mod doctor;
mod exceptions;
mod exchange;
mod federation;
mod harness;
mod holds;
mod hostile;
mod http;
mod https;
mod keys;
mod ledger;
mod mail;
mod orders;
mod pages;
mod postgres;
mod process;
mod products;
mod provider;
mod query;
mod receive;
mod returns;
mod routing;
mod scan_texts;
mod scans;
mod shipping;
mod smtp;
mod store;
mod tls;
mod trace;
mod transactions;
mod verdicts;
mod verifications;
mod vrs;
mod wallet;
