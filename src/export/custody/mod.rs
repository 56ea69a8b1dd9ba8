//! Custody as others read it: JSON for programs, a picture, a page with both picture and table, words.

mod form;
mod item;
mod page;
mod svg;
mod words;

pub use form::CustodyForm;
pub use form::FindingForm;
pub use form::GapForm;
pub use form::PartyForm;
pub use form::StepForm;
pub use item::FactForm;
pub use item::HolderFactForm;
pub use item::ItemForm;
pub use page::page;
pub use svg::svg;
pub use words::local_time;
pub use words::readable;
pub use words::sentence;
pub use words::short;
