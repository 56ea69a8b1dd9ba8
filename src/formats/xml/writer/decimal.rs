//! Numbers as `xsd:decimal` takes them.

use std::borrow::Cow;

use crate::epcis::Decimal;

/// The longest number written out; a longer one keeps its exponent.
const LONGEST: usize = 1_000;

/// The number without an exponent, which `xsd:decimal` does not have; without one it stays as sent.
pub(super) fn plain(number: &Decimal) -> Cow<'_, str> {
    let text = number.as_str();
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Cow::Borrowed(text) };
    let (Ok(exponent), sign) = (exponent.parse::<i32>(), if mantissa.starts_with('-') { "-" } else { "" })
    else {
        return Cow::Borrowed(text);
    };
    let unsigned = mantissa.trim_start_matches(['+', '-']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let size = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    if size > LONGEST {
        return Cow::Borrowed(text);
    }
    let mut digits = String::with_capacity(whole.len() + fraction.len() + size);
    if exponent < 0 {
        digits.extend(std::iter::repeat_n('0', size));
    }
    digits.extend([whole, fraction]);
    if exponent > 0 {
        digits.extend(std::iter::repeat_n('0', size.saturating_sub(fraction.len())));
    }
    let behind = if exponent > 0 { fraction.len().saturating_sub(size) } else { fraction.len() + size };
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(behind));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Cow::Owned([sign, whole, point, fraction].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, expected: &str) {
        let number = Decimal::parse(sent).unwrap();
        assert_eq!(plain(&number), expected);
        assert_eq!(Decimal::parse(&plain(&number)).unwrap(), number, "{sent}");
    }

    #[test]
    fn writes_exponents_out() {
        check("+012.50", "+012.50");
        check("1e3", "1000");
        check("-1.25E1", "-12.5");
        check("1.25e2", "125");
        check("1.25e-2", "0.0125");
        check("125e-2", "1.25");
        check("0e0", "0");
        check(".5e1", "5");
        check("1e999999", "1e999999");
    }
}
