//! Lost separators: every way to put them back between the fields of a product identifier.

use crate::gs1::element_string::SEPARATOR;
use crate::gs1::element_table::definition;
use crate::gs1::element_table::predefined_length;

/// Application identifiers that may follow where a separator was lost: those of a product identifier.
const LOST_BEFORE: [&str; 4] = ["01", "17", "10", "21"];

/// Ways after which no more are looked for; nobody can choose among so many.
const MOST_WAYS: usize = 200;

/// Every text that comes from putting at least one separator back.
pub(super) fn divisions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let text = text.trim_start_matches(SEPARATOR);
    let open = Open { divided: String::new(), rest: text, seen: Vec::new(), lost: false };
    divide(open, &mut found);
    found
}

struct Open<'a> {
    divided: String,
    rest: &'a str,
    seen: Vec<&'a str>,
    lost: bool,
}

fn divide(open: Open<'_>, found: &mut Vec<String>) {
    if found.len() >= MOST_WAYS {
        return;
    }
    let rest = open.rest.trim_start_matches(SEPARATOR);
    if rest.is_empty() {
        if open.lost {
            found.push(open.divided);
        }
        return;
    }
    let Some(definition) = definition(rest) else { return };
    let Some((identifier, behind)) = rest.split_at_checked(definition.digits()) else { return };
    if open.seen.contains(&identifier) {
        return;
    }
    let own_end = behind.find(SEPARATOR).unwrap_or(behind.len());
    let ends = match predefined_length(rest) {
        Some(length) => length - identifier.len()..=length - identifier.len(),
        None if matches!(identifier, "10" | "21") => 1..=own_end.min(definition.most()),
        None => own_end..=own_end,
    };
    for end in ends {
        let Some((value, after)) = behind.split_at_checked(end) else { continue };
        let lost = end < own_end && predefined_length(rest).is_none();
        if lost && !LOST_BEFORE.iter().any(|next| after.starts_with(next)) {
            continue;
        }
        let mut seen = open.seen.clone();
        seen.push(identifier);
        let divided = format!("{}{identifier}{value}{SEPARATOR}", open.divided);
        divide(Open { divided, rest: after, seen, lost: open.lost || lost }, found);
    }
}
