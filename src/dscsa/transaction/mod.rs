//! What the law asks a seller to tell the buyer: transaction information and transaction statement (21 U.S.C. 360eee(26)
//! and (27)).

mod information;
mod lot_and_expiry;
mod master_data;
mod purchase;
mod statement;

pub use information::Element;
pub use information::Missing;
pub use information::Origin;
pub use information::OriginKind;
pub use information::Party;
pub use information::Product;
pub use information::ProductLot;
pub use information::Told;
pub use information::TransactionInformation;
pub use information::Unit;
pub use lot_and_expiry::LotAndExpiry;
pub use lot_and_expiry::SentAt;
pub use master_data::Described;
pub use master_data::described_places;
pub use master_data::described_trade_items;
pub use purchase::DirectPurchase;
pub use purchase::Purchase;
pub use statement::TransactionStatement;

/// Namespace of the US healthcare extension, `gs1ushc`, in every release of the GS1 US guideline.
pub const USHC_NAMESPACE: &str = "http://epcis.gs1us.org/hc/ns";
