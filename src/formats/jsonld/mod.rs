//! EPCIS 2.0 JSON-LD, read and written (EPCIS 2.0 §10).

mod context;
mod event;
mod extension;
mod fields;
mod frame;
mod header;
mod losses;
mod master_data;
mod names;
mod parser;
mod piece;
mod prefixes;
mod reader;
#[cfg(test)]
mod round_trips;
mod scanner;
mod sensors;
mod sink;
mod survey;
mod uri;
mod value;
mod writer;
mod writer_event;
mod writer_extension;
mod writer_header;
mod writer_master_data;
mod writer_sensors;

pub use reader::Reader;
pub use writer::Writer;
