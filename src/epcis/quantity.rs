//! Quantities of a class of objects (EPCIS 2.0 §7.3.3.3).

use crate::epcis::Decimal;
use crate::gs1::Epc;

/// One `quantityElement`. Without a quantity the amount is unspecified; without a unit it counts discrete items.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// `epcClass`: a class such as an LGTIN.
    pub epc_class: Epc,
    /// `quantity`.
    pub quantity: Option<Decimal>,
    /// `uom`: a code of UN/ECE Recommendation 20, such as `KGM`.
    pub uom: Option<Box<str>>,
}
