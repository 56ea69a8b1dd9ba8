//! GS1 identification keys: GTIN, GLN, SSCC and the other keys as EPC URNs and Digital Links.

mod application_identifier;
pub mod check_digit;
mod company_prefix;
pub mod digital_link;
mod epc;
mod gln;
mod gtin;
mod identify;
mod malformed;
mod percent;
mod prefix_table;
mod reading;
mod scheme;
mod split;
mod sscc;
mod urn;

pub use self::company_prefix::CompanyPrefixes;
pub use self::epc::Epc;
pub use self::gln::Gln;
pub use self::gtin::Gtin;
pub use self::identify::Identified;
pub use self::identify::identify;
pub use self::malformed::Flaw;
pub use self::malformed::Malformed;
pub use self::percent::unescape;
pub use self::prefix_table::PrefixTable;
pub use self::scheme::Scheme;
pub use self::sscc::Sscc;
