//! The gateway from outside: the command line, HTTP, the store on both databases, crashes.

mod cli;
mod crash;
mod postgres;
mod process;
mod query;
mod store;
