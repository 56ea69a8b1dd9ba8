//! Rules of business transactions, lasting dispositions and error declarations (EPCIS 2.0 §7.3.5, §7.3.6, §7.4.1.2).

use super::Finding;
use super::finding;
use crate::epcis::Event;
use crate::epcis::Term;
use crate::epcis::What;

/// A TransactionEvent is about business transactions (§7.4.4).
pub(super) fn transaction(event: &Event) -> Option<Finding> {
    if matches!(event.what, What::Transaction { .. }) && event.biz_transactions.is_empty() {
        return finding("bizTransactionList", "the TransactionEvent names no business transaction");
    }
    None
}

/// Only events about objects as such may change lasting dispositions (§7.4); the 2.0 XML schema allows it everywhere.
pub(super) fn persistent_event(event: &Event) -> Option<Finding> {
    event.persistent_disposition.as_ref()?;
    if matches!(event.what, What::Object { .. } | What::Transformation { .. } | What::Other(_)) {
        return None;
    }
    finding("persistentDisposition", format!("{} has no persistentDisposition", event.what.kind().name()))
}

/// A `persistentDisposition` says at least one disposition (§7.3.5.7).
pub(super) fn persistent_empty(event: &Event) -> Option<Finding> {
    let lasting = event.persistent_disposition.as_ref()?;
    if lasting.set.is_empty() && lasting.unset.is_empty() {
        return finding("persistentDisposition", "persistentDisposition has neither set nor unset");
    }
    None
}

/// `set` and `unset` name each disposition once (§7.3.5.7).
pub(super) fn persistent_repeated(event: &Event) -> Option<Finding> {
    let lasting = event.persistent_disposition.as_ref()?;
    let term = repeated(&lasting.set).or_else(|| repeated(&lasting.unset))?;
    finding("persistentDisposition", format!("the disposition {} is named more than once", term.as_sent()))
}

fn repeated(terms: &[Term]) -> Option<&Term> {
    // No more than the words of the vocabulary are compared, so that a hostile list costs no quadratic time.
    const COMPARED: usize = 64;
    let terms = terms.get(..COMPARED).unwrap_or(terms);
    terms.iter().enumerate().find_map(|(index, term)| {
        terms.get(..index).is_some_and(|before| before.contains(term)).then_some(term)
    })
}

/// What did not occur has no event that says it right (CBV 2.0 §7.5.3).
pub(super) fn corrective(event: &Event) -> Option<Finding> {
    let declaration = event.error_declaration.as_ref()?;
    let reason = declaration.reason.as_ref()?;
    if reason.is_listed() && reason.bare() == "did_not_occur" && !declaration.corrective_event_ids.is_empty()
    {
        return finding("errorDeclaration", "an event that did not occur has no corrective events");
    }
    None
}
