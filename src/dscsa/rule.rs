//! Rules and what they find: what is wrong, why it matters, who mends it and how.

use std::fmt;

/// How bad a finding is; the four levels of the trade, which a partner's profile can override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nobody need act.
    Note,
    /// Taken as it is, but the sender should mend it.
    Warning,
    /// A business rule is broken: the goods concerned wait until it is explained.
    Business,
    /// The law or the identity of the product is concerned: nothing of it may be accepted.
    Hard,
}

impl Severity {
    /// Every level, the worst first.
    pub const ALL: [Severity; 4] = [Severity::Hard, Severity::Business, Severity::Warning, Severity::Note];

    /// `hard`, `business`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Business => "business",
            Severity::Hard => "hard",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// True where goods concerned are held until somebody has decided.
    pub fn holds(self) -> bool {
        self >= Severity::Business
    }
}

/// Who has to mend what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mender {
    /// Whoever sent the data.
    Sender,
    /// Whoever received it: a setting, a catalogue, a scan.
    Receiver,
    /// Nobody: it is only said.
    Nobody,
}

impl Mender {
    /// `sender`, `receiver` or `nobody`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mender::Sender => "sender",
            Mender::Receiver => "receiver",
            Mender::Nobody => "nobody",
        }
    }
}

/// What a rule asks and how its findings are explained; one constant of this type in each rule's file.
#[derive(Debug)]
pub struct Rule {
    /// Identifier, kebab-case, such as `shipped-not-commissioned`; the last part of its problem type URL.
    pub id: &'static str,
    /// What the rule asks, in a few words.
    pub title: &'static str,
    /// How bad a breach is, where no profile says otherwise.
    pub severity: Severity,
    /// The clause of the law, the guideline or the standard that asks for it.
    pub clause: &'static str,
    /// Why it matters to whoever receives the goods, one or two sentences.
    pub why: &'static str,
    /// Who mends it.
    pub mender: Mender,
    /// How it is mended, one imperative sentence without a full stop, such as `send the file again with …`.
    pub fix: &'static str,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Something a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// An item, case or logistic unit: its EPC as sent.
    Epc(Box<str>),
    /// A lot of a trade item: GTIN-14 and lot number, the latter empty where it is the lot that is missing.
    Lot(Box<str>, Box<str>),
    /// A trade item: GTIN-14, or as sent where it is malformed.
    TradeItem(Box<str>),
    /// A party or place: GLN-13, or as sent where it is malformed.
    Party(Box<str>),
    /// A business transaction, such as a purchase order: its URI as sent.
    BizTransaction(Box<str>),
}

impl Object {
    /// The word for its kind: `epc`, `lot`, `trade-item`, `party` or `biz-transaction`.
    pub fn kind(&self) -> &'static str {
        match self {
            Object::Epc(_) => "epc",
            Object::Lot(..) => "lot",
            Object::TradeItem(_) => "trade-item",
            Object::Party(_) => "party",
            Object::BizTransaction(_) => "biz-transaction",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Lot(gtin, lot) if lot.is_empty() => write!(f, "GTIN {gtin}"),
            Object::Lot(gtin, lot) => write!(f, "lot {lot} of GTIN {gtin}"),
            Object::TradeItem(gtin) => write!(f, "GTIN {gtin}"),
            Object::Party(gln) => write!(f, "GLN {gln}"),
            Object::Epc(text) | Object::BizTransaction(text) => f.write_str(text),
        }
    }
}

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is here: the rule's own severity, or what a profile says.
    pub severity: Severity,
    /// Position of the event in its document, from 0; `None` where it concerns the header or the document as a whole.
    pub event: Option<u64>,
    /// What it is about; what comes first is the cause.
    pub objects: Vec<Object>,
    /// What is wrong here, one sentence without a full stop, with the values concerned.
    pub message: String,
}

impl Finding {
    /// A breach of this rule, with the rule's severity, about the document as a whole.
    pub fn new(rule: &'static Rule, message: impl Into<String>) -> Finding {
        Finding { rule, severity: rule.severity, event: None, objects: Vec::new(), message: message.into() }
    }

    /// The same breach in the event at this position from 0.
    pub fn in_event(mut self, event: u64) -> Finding {
        self.event = Some(event);
        self
    }

    /// The same breach about one more object.
    pub fn about(mut self, object: Object) -> Finding {
        self.objects.push(object);
        self
    }

    /// The text of a message to the sender, ready to be sent: what is wrong, where, why it matters, what is asked for.
    pub fn to_partner(&self, document: &str) -> String {
        let Rule { id, why, fix, .. } = self.rule;
        let place = self.event.map(|event| format!(", event {}", event + 1)).unwrap_or_default();
        let objects = match self.objects.as_slice() {
            [] => String::new(),
            objects => {
                let lines: Vec<String> = objects.iter().map(|object| format!("  - {object}")).collect();
                format!("\nConcerned:\n{}\n", lines.join("\n"))
            }
        };
        format!(
            "In your document {document}{place} we found the following (rule {id}): {message}.\n{objects}\n{why}\n\nPlease {fix}.\n",
            message = self.message,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULE: Rule = Rule {
        id: "example",
        title: "examples are right",
        severity: Severity::Business,
        clause: "none",
        why: "It is read.",
        mender: Mender::Sender,
        fix: "send it again",
    };

    #[test]
    fn a_message_says_what_where_why_and_what_is_asked() {
        let finding = Finding::new(&RULE, "the lot differs")
            .in_event(2)
            .about(Object::Lot("00300010123455".into(), "A1".into()));
        assert_eq!(
            finding.to_partner("42"),
            "In your document 42, event 3 we found the following (rule example): the lot differs.\n\nConcerned:\n  - lot \
             A1 of GTIN 00300010123455\n\nIt is read.\n\nPlease send it again.\n"
        );
    }

    #[test]
    fn severities_are_ordered_and_named() {
        assert!(Severity::Hard > Severity::Business && Severity::Warning > Severity::Note);
        assert!(Severity::Business.holds() && !Severity::Warning.holds());
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
        }
    }
}
