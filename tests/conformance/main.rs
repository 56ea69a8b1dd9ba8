//! Conformance: what nobody of this project wrote, and what we make of it. Needs the corpus (see `corpus::shared`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test ends by panicking

mod corpus;
mod documents;
mod elements;
mod exceptions;
mod faults;
mod generator;
mod guideline_example;
mod hashes;
mod identifiers;
mod judging;
mod pairs;
mod reading;
mod roundtrip;
mod scans;
mod schemas;
mod transactions;
mod vocabulary;
