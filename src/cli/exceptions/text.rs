//! Cases in plain words.

use std::fmt::Write;

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::CaseItem;
use crate::dscsa::CaseState;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Side;
use crate::dscsa::exception::StepRecord;

/// Items that are written out.
const MOST_ITEMS: usize = 100;

/// The end of a case's number, which is enough to name it.
pub(super) fn short(id: &str) -> &str {
    let from = id.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
    id.get(from..).unwrap_or(id)
}

/// A case on one line.
pub(super) fn line(case: &ExceptionCase, now: DateTime<Utc>) -> String {
    let late = if case.is_late(now) { "  LATE" } else { "" };
    format!(
        "{}  {:<9}  {}  {}, {}  ->  {}{late}",
        short(&case.id),
        case.state.as_str(),
        plain(&partner(case)),
        plain(&case.delivery.name()),
        counted(case),
        case.next_act(),
    )
}

/// All of a case.
pub(super) fn whole(case: &ExceptionCase, steps: &[StepRecord], now: DateTime<Utc>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, case, steps, now);
    out
}

fn write(
    out: &mut String,
    case: &ExceptionCase,
    steps: &[StepRecord],
    now: DateTime<Utc>,
) -> std::fmt::Result {
    writeln!(out, "Case {}", plain(&case.id))?;
    let who = match case.side {
        Side::Ours => "Supplier",
        Side::Theirs => "Customer, who reports this to us",
    };
    writeln!(out, "{who}: {}", plain(&partner(case)))?;
    writeln!(out, "Delivery: {}", plain(&case.delivery.name()))?;
    writeln!(out, "What it is: a {} ({})", case.problem(), meaning(case))?;
    writeln!(out, "Where it stands: {}", case.state.words())?;
    writeln!(out, "Next: {}", case.next_act())?;
    clock(out, case, now)?;
    if case.state == CaseState::Closed {
        writeln!(out, "Why it was closed: {}", plain(&case.reason))?;
    }
    writeln!(out, "\nWhat is wrong ({}):", counted(case))?;
    for (number, item) in (1..).zip(case.items.iter().take(MOST_ITEMS)) {
        self::item(out, number, item)?;
    }
    let more = case.items.len().saturating_sub(MOST_ITEMS) as u64 + case.unlisted;
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    writeln!(out, "\nWhat happened:")?;
    for step in steps {
        let (at, who) = (step.at.format("%Y-%m-%d %H:%M"), plain(&step.who));
        writeln!(out, "  {at}  {who}: {}: {}", step.step.as_str(), plain(&step.why))?;
    }
    Ok(())
}

fn clock(out: &mut String, case: &ExceptionCase, now: DateTime<Utc>) -> std::fmt::Result {
    let late = if case.is_late(now) { " - LATE" } else { "" };
    let form = "%Y-%m-%d %H:%M";
    if let Some(by) = case.notify_by {
        writeln!(out, "Tell the partner by: {} UTC{late}", by.format(form))?;
    }
    if let Some(by) = case.answer_by {
        writeln!(out, "Answer due by: {} UTC{late}", by.format(form))?;
    }
    Ok(())
}

fn meaning(case: &ExceptionCase) -> &'static str {
    match (case.problem(), case.side) {
        ("data problem", Side::Ours) => {
            "the goods are not in question; the supplier must mend its data. Keep the goods aside until then"
        }
        ("product problem", Side::Ours) => {
            "goods are missing or must not be used; the supplier must say what is to be done"
        }
        (_, Side::Ours) => "the supplier must mend its data, and say what is to be done with goods",
        ("data problem", Side::Theirs) => "our data do not fit; we must mend them",
        (_, Side::Theirs) => "the goods do not fit our data; we must say what is to be done",
    }
}

fn item(out: &mut String, number: usize, item: &CaseItem) -> std::fmt::Result {
    let mark = if item.settled.is_some() { "settled" } else { "open" };
    let what = plain(&item.trouble.what);
    writeln!(out, "  {number}. [{mark}] {}: {what}", item.trouble.group.as_str())?;
    writeln!(out, "     item {}, asked for: {}", plain(&item.id), item.request.as_str())?;
    if let Some(answer) = &item.answer {
        let verdict = if answer.accepted { "accepted" } else { "not accepted" };
        let offer = answer.alternative.map(|offer| format!(", offered instead: {}", offer.as_str()));
        let said = answer.comments.as_deref().map(|said| format!(" ({})", plain(said)));
        writeln!(out, "     answer: {verdict}{}{}", offer.unwrap_or_default(), said.unwrap_or_default())?;
    }
    if let Some(end) = &item.settled {
        let by = end.document.map(|document| format!(", by document {document}")).unwrap_or_default();
        writeln!(out, "     settled {}{by}: {}", end.at.format("%Y-%m-%d"), plain(&end.why))?;
    }
    Ok(())
}

fn partner(case: &ExceptionCase) -> String {
    match case.delivery.partner.as_str() {
        "" => "a partner that is not named".to_owned(),
        partner => partner.to_owned(),
    }
}

fn counted(case: &ExceptionCase) -> String {
    let open = case.open_items().count() as u64 + case.unlisted;
    let all = case.items.len() as u64 + case.unlisted;
    let things = if all == 1 { "1 item".to_owned() } else { format!("{all} items") };
    match open {
        0 => format!("{}, {things}, all settled", case.problem()),
        _ if open == all => format!("{}, {things}", case.problem()),
        _ => format!("{}, {open} of {things} open", case.problem()),
    }
}

/// What partners send must not move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_number_names_a_case() {
        assert_eq!(short("0193-abcdef0123"), "cdef0123");
        assert_eq!(short("abc"), "abc");
        assert_eq!(short("äöüäöüäöüä"), "üäöüäöüä");
    }
}
