//! Writing EPCIS XML: what both versions have in common.

mod decimal;
mod document;
mod escape;
mod event;
mod extension;
mod header;
mod master_data;
mod output;
mod pen;
mod scope;
mod sensor;
#[cfg(test)]
mod tests;

pub use document::Writer;
pub(super) use extension::is_local;
pub(super) use extension::is_local_name;
pub(super) use header::Names;
pub(super) use pen::Pen;
