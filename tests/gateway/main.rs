//! The gateway from outside: the command line, HTTP, the store on both databases, crashes.

mod capture;
mod cli;
mod crash;
mod harness;
mod http;
mod postgres;
mod process;
mod query;
mod store;
