//! EPCIS 1.0 to 1.2 and 2.0 XML.

mod attributes;
mod entities;
mod event;
mod extension;
mod fields;
mod header;
mod leaf;
mod master_data;
mod names;
mod open;
mod order;
mod parts;
mod path;
mod reader;
mod sbdh;
mod scanner;
mod scope;
mod sensor;
mod source;
mod v1_2;
mod v2_0;
mod writer;

pub use parts::Parts;
pub use reader::Reader;
pub use writer::Writer;

/// The two generations of EPCIS XML; 1.0, 1.1 and 1.2 share one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// EPCIS 1.0 to 1.2.
    V1_2,
    /// EPCIS 2.0.
    V2_0,
}
