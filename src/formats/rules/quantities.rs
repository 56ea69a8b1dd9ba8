//! Rules of quantities and their units (EPCIS 2.0 §7.3.3.3).

use super::Finding;
use super::finding;
use super::quantity_lists;
use crate::epcis::Decimal;
use crate::epcis::Event;
use crate::epcis::Quantity;
use crate::formats::values;

/// There is nothing less than nothing.
pub(super) fn negative(event: &Event) -> Option<Finding> {
    let wrong = |quantity: &Quantity| quantity.quantity.as_ref().is_some_and(is_negative);
    first(event, wrong, |quantity| format!("the quantity {} is negative", number(quantity)))
}

/// Without a unit a quantity counts things, which come whole.
pub(super) fn fraction(event: &Event) -> Option<Finding> {
    let wrong = |quantity: &Quantity| {
        quantity.uom.is_none() && quantity.quantity.as_ref().is_some_and(|number| !is_whole(number))
    };
    first(event, wrong, |quantity| {
        format!("the quantity {} has no unit of measure and is no whole number", number(quantity))
    })
}

/// A unit measures a quantity.
pub(super) fn unit_alone(event: &Event) -> Option<Finding> {
    let wrong = |quantity: &Quantity| quantity.uom.is_some() && quantity.quantity.is_none();
    first(event, wrong, |quantity| format!("the unit {} stands without a quantity", unit(quantity)))
}

/// A unit is a code of two or three letters and digits, upper case.
pub(super) fn unit_form(event: &Event) -> Option<Finding> {
    let wrong = |quantity: &Quantity| quantity.uom.as_deref().is_some_and(|uom| !is_unit(uom));
    first(event, wrong, |quantity| {
        format!("the unit {} is no code of UN/ECE Recommendation 20", unit(quantity))
    })
}

fn is_negative(number: &Decimal) -> bool {
    let mantissa = number.as_str().split(['e', 'E']).next().unwrap_or_default();
    mantissa.starts_with('-') && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

fn is_whole(number: &Decimal) -> bool {
    number.as_str().bytes().all(|byte| byte.is_ascii_digit()) || number.is_whole()
}

fn is_unit(uom: &str) -> bool {
    matches!(uom.len(), 2 | 3) && uom.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn first(
    event: &Event,
    wrong: impl Fn(&Quantity) -> bool,
    message: impl Fn(&Quantity) -> String,
) -> Option<Finding> {
    quantity_lists(&event.what).into_iter().find_map(|(field, quantities)| {
        let quantity = quantities.iter().find(|quantity| wrong(quantity))?;
        finding(field, format!("{}: {}", values::shown(quantity.epc_class.as_str()), message(quantity)))
    })
}

fn number(quantity: &Quantity) -> &str {
    quantity.quantity.as_ref().map_or("", |number| number.as_str())
}

fn unit(quantity: &Quantity) -> String {
    values::shown(quantity.uom.as_deref().unwrap_or_default())
}
