//! What is wrong with a query, by which rule, and how to mend it.

use thiserror::Error;

/// A query that cannot be asked (EPCIS 2.0 §8.2.5, `QueryParameterException`).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the parameter {parameter} {message} [{rule}]; {mend}")]
pub struct QueryFault {
    /// Name of the parameter as sent, cut short.
    pub parameter: Box<str>,
    /// Identifier of the rule, such as `query-parameter-repeated`.
    pub rule: &'static str,
    /// What is wrong, to be read behind the name of the parameter.
    pub message: Box<str>,
    /// How to mend it, one imperative sentence without a full stop.
    pub mend: Box<str>,
}

impl QueryFault {
    /// A fault of this parameter.
    pub fn new(
        parameter: &str,
        rule: &'static str,
        message: impl Into<Box<str>>,
        mend: impl Into<Box<str>>,
    ) -> QueryFault {
        QueryFault { parameter: cut(parameter).into(), rule, message: message.into(), mend: mend.into() }
    }
}

/// A sender's text as a message quotes it: at most 80 characters, control characters escaped.
pub(super) fn cut(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
