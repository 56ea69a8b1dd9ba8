//! Conformance: what nobody of this project wrote, and what we make of it. Needs the corpus (see `corpus::shared`).

mod corpus;
mod documents;
mod guideline_example;
mod hashes;
mod identifiers;
mod pairs;
mod reading;
mod roundtrip;
mod schemas;
mod vocabulary;
