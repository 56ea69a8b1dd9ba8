//! EPC URNs: pure identities, lots and classes, read and written (Tag Data Standard, section 6.3).

use crate::gs1::Flaw;
use crate::gs1::percent;
use crate::gs1::percent::Characters;
use crate::gs1::percent::Target;
use crate::gs1::reading::Digits;
use crate::gs1::reading::Reading;
use crate::gs1::scheme::Build;
use crate::gs1::scheme::Layout;
use crate::gs1::scheme::Scheme;
use crate::gs1::split;

/// Names the scheme of a URN by its beginning, and the body behind it, without the `.*` of a class.
pub(super) fn classify(uri: &str) -> Option<(Scheme, &str)> {
    let name = uri.strip_prefix("urn:epc:")?;
    if let Some(rest) = name.strip_prefix("id:") {
        let (scheme, body) = split::once(rest, b':')?;
        return Some((instance(scheme)?, body));
    }
    if let Some(lot) = name.strip_prefix("class:lgtin:") {
        return Some((Scheme::Lgtin, lot));
    }
    let (scheme, body) = split::once(name.strip_prefix("idpat:")?, b':')?;
    let class = instance(scheme)?.class();
    match (class, body.strip_suffix(".*")) {
        (Some(class), Some(fixed)) if !fixed.contains('*') => Some((class, fixed)),
        _ => Some((Scheme::Pattern, body)),
    }
}

/// Reads the body of a URN of a scheme that has a Digital Link form.
pub(super) fn read(scheme: Scheme, body: &str) -> Result<Reading<'_>, Flaw> {
    let parts = Flaw::Parts { form: scheme.form().unwrap_or_default() };
    let layout = scheme.layout().ok_or(parts)?;
    let mut rest = Some(body);
    let prefix = cut(&mut rest, false).ok_or(parts)?;
    if !(6..=12).contains(&prefix.len()) || !is_digits(prefix) {
        return Err(Flaw::CompanyPrefix);
    }
    let free = layout.build == Build::Free;
    let has_text = layout.qualifier.is_some() || (layout.tail.is_some() && !free);
    let reference = cut(&mut rest, !has_text && layout.pieces == 0).ok_or(parts)?;
    let mut digits = Digits::default();
    if free {
        digits.push(prefix)?;
    } else {
        push_key(&mut digits, layout, prefix, reference)?;
    }
    if layout.pieces > 0 {
        push_piece(&mut digits, cut(&mut rest, false).ok_or(parts)?)?;
        push_piece(&mut digits, cut(&mut rest, !has_text).ok_or(parts)?)?;
    }
    let text = if has_text { cut(&mut rest, true).ok_or(parts)? } else { "" };
    let (tail, qualifier) = match (free, layout.tail) {
        (true, _) => (reference, text),
        (false, Some(_)) => (text, ""),
        (false, None) => ("", text),
    };
    if let Some(form) = layout.tail {
        let taken = if free { prefix.len() } else { 0 };
        let least = u8::from(scheme != Scheme::CpiClass);
        check_text(tail, form.characters, least, form.most - taken as u8)?;
    }
    if let Some((_, form)) = layout.qualifier {
        check_text(qualifier, form.characters, 1, form.most)?;
    }
    let qualifier = without_default_extension(scheme, qualifier);
    Ok(Reading { scheme, digits, tail, qualifier, prefix_length: prefix.len() as u8 })
}

/// Refuses a malformed body of a scheme without Digital Link form.
pub(super) fn check_other(scheme: Scheme, body: &str) -> Result<(), Flaw> {
    let parts = Flaw::Parts { form: scheme.form().unwrap_or_default() };
    let pieces = || body.split('.');
    let numeric = |text: &str| !text.is_empty() && is_digits(text);
    let sound = match scheme {
        Scheme::Gid => pieces().count() == 3 && pieces().all(numeric),
        Scheme::Usdod => {
            pieces().count() == 2 && pieces().next().is_some_and(is_cage) && pieces().all(is_word)
        }
        Scheme::Adi => {
            pieces().count() == 3
                && pieces().next().is_some_and(is_cage)
                && pieces().nth(1).is_some_and(|part| part.is_empty() || is_word(part))
                && pieces().nth(2).is_some_and(is_word)
        }
        Scheme::Bic => {
            body.len() == 11
                && body.bytes().take(4).all(|byte| byte.is_ascii_uppercase())
                && body.get(4..).is_some_and(is_digits)
        }
        Scheme::Imovn => body.len() == 7 && numeric(body),
        Scheme::Pattern => is_pattern(body),
        _ => true,
    };
    if sound { Ok(()) } else { Err(parts) }
}

/// Writes the URN of a reading with its company prefix of the given length.
pub(super) fn write(reading: &Reading<'_>, prefix_length: u8, out: &mut String) -> Result<(), Flaw> {
    let no_form = Flaw::NoForm { form: "URN" };
    let layout = reading.scheme.layout().ok_or(no_form)?;
    let form = reading.scheme.form().ok_or(no_form)?;
    out.push_str(form.split("PREFIX").next().unwrap_or_default());
    let split = usize::from(prefix_length);
    if layout.build == Build::Free {
        write_free(reading, split, out)?;
    } else {
        write_key(reading, layout, split, out)?;
    }
    if reading.scheme == Scheme::Sgln && reading.qualifier.is_empty() {
        out.push_str(".0");
    } else if layout.qualifier.is_some() {
        out.push('.');
        percent::write(reading.qualifier, Target::Urn, out);
    }
    if form.ends_with('*') {
        out.push_str(".*");
    }
    Ok(())
}

/// The extension `0` of an SGLN says that there is none (Tag Data Standard, section 6.3.3).
pub(super) fn without_default_extension(scheme: Scheme, qualifier: &str) -> &str {
    if scheme == Scheme::Sgln && qualifier == "0" { "" } else { qualifier }
}

/// Refuses a text part with characters or a length its key does not take.
pub(super) fn check_text(text: &str, characters: Characters, least: u8, most: u8) -> Result<(), Flaw> {
    let found = percent::measure(text, characters)?;
    if found < usize::from(least) || found > usize::from(most) {
        return Err(Flaw::TextLength { found, least, most });
    }
    Ok(())
}

fn cut<'a>(rest: &mut Option<&'a str>, last: bool) -> Option<&'a str> {
    let text = rest.take()?;
    if last {
        return Some(text);
    }
    let (part, behind) = split::once(text, b'.')?;
    *rest = Some(behind);
    Some(part)
}

fn push_key(digits: &mut Digits, layout: &Layout, prefix: &str, reference: &str) -> Result<(), Flaw> {
    let zero = usize::from(layout.build == Build::Zero);
    let needed = layout.length - 1 - zero as u8;
    let found = prefix.len() + reference.len();
    if found != usize::from(needed) {
        return Err(Flaw::KeyLength { found, needed });
    }
    if zero == 1 {
        digits.push("0")?;
    }
    let (front, back) = match layout.build {
        Build::Indicator => reference.split_at_checked(1).ok_or(Flaw::NotDigits)?,
        _ => ("", reference),
    };
    digits.push(front)?;
    digits.push(prefix)?;
    digits.push(back)?;
    digits.push_check_digit()
}

fn push_piece(digits: &mut Digits, piece: &str) -> Result<(), Flaw> {
    if piece.len() != 2 {
        return Err(Flaw::Piece);
    }
    digits.push(piece).map_err(|_| Flaw::Piece)
}

fn write_key(reading: &Reading<'_>, layout: &Layout, split: usize, out: &mut String) -> Result<(), Flaw> {
    let digits = reading.digits.as_str();
    let (key, pieces) = digits.split_at_checked(usize::from(layout.length)).ok_or(Flaw::NotDigits)?;
    let body = key.get(..key.len().saturating_sub(1)).unwrap_or_default();
    let (front, body) = match layout.build {
        Build::Straight | Build::Free => ("", body),
        Build::Indicator => body.split_at_checked(1).ok_or(Flaw::NotDigits)?,
        Build::Zero => ("", body.get(1..).unwrap_or_default()),
    };
    let (prefix, reference) = body.split_at_checked(split).ok_or(Flaw::CompanyPrefix)?;
    for part in [prefix, ".", front, reference] {
        out.push_str(part);
    }
    if let Some((piece, total)) = pieces.split_at_checked(2) {
        for part in [".", piece, ".", total] {
            out.push_str(part);
        }
    }
    if layout.tail.is_some() {
        out.push('.');
        percent::write(reading.tail, Target::Urn, out);
    }
    Ok(())
}

fn write_free(reading: &Reading<'_>, split: usize, out: &mut String) -> Result<(), Flaw> {
    let mut key = reading.digits.as_str().to_owned();
    percent::write(reading.tail, Target::Urn, &mut key);
    let (prefix, reference) = key.split_at_checked(split).ok_or(Flaw::CompanyPrefix)?;
    if !is_digits(prefix) {
        return Err(Flaw::CompanyPrefix);
    }
    if reference.is_empty() && reading.scheme != Scheme::CpiClass {
        return Err(Flaw::TextLength { found: 0, least: 1, most: 24 });
    }
    for part in [prefix, ".", reference] {
        out.push_str(part);
    }
    Ok(())
}

/// Without the early end of `all`, as the texts are short: it is faster so.
fn is_digits(text: &str) -> bool {
    text.bytes().fold(true, |digits, byte| digits & byte.is_ascii_digit())
}

fn is_cage(text: &str) -> bool {
    (5..=6).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

fn is_word(text: &str) -> bool {
    matches!(percent::measure(text, Characters::Set39), Ok(1..=32))
}

/// Wildcards stand at the end only, and at least one part is one.
fn is_pattern(body: &str) -> bool {
    let mut parts = body.split('.').skip_while(|part| !part.contains('*')).peekable();
    parts.peek().is_some() && parts.all(|part| part == "*")
}

fn instance(name: &str) -> Option<Scheme> {
    Some(match name {
        "sgtin" => Scheme::Sgtin,
        "sscc" => Scheme::Sscc,
        "sgln" => Scheme::Sgln,
        "pgln" => Scheme::Pgln,
        "grai" => Scheme::Grai,
        "giai" => Scheme::Giai,
        "gsrn" => Scheme::Gsrn,
        "gsrnp" => Scheme::Gsrnp,
        "gdti" => Scheme::Gdti,
        "cpi" => Scheme::Cpi,
        "sgcn" => Scheme::Sgcn,
        "ginc" => Scheme::Ginc,
        "gsin" => Scheme::Gsin,
        "itip" => Scheme::Itip,
        "upui" => Scheme::Upui,
        "gid" => Scheme::Gid,
        "usdod" => Scheme::Usdod,
        "adi" => Scheme::Adi,
        "bic" => Scheme::Bic,
        "imovn" => Scheme::Imovn,
        _ => return None,
    })
}
