//! The words of the Core Business Vocabulary in their four spellings (CBV 2.0 §7).

mod words;

use std::borrow::Cow;

/// A list of words that CBV defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StandardVocabulary {
    /// Business steps (§7.1).
    BizStep,
    /// Dispositions (§7.2).
    Disposition,
    /// Business transaction types (§7.3).
    BizTransactionType,
    /// Source and destination types (§7.4).
    SourceDestType,
    /// Error reasons (§7.5).
    ErrorReason,
    /// Sensor alert types, used in `exception` (§7.6).
    SensorAlert,
    /// Components of a sensor value (§7.7).
    Component,
    /// Sensor measurement types.
    MeasurementType,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `shipping`, the form of JSON-LD.
    Bare,
    /// `urn:epcglobal:cbv:bizstep:shipping`, the form of XML 1.2. Sensor words have none and are written as CURIE.
    Urn,
    /// `https://ref.gs1.org/cbv/BizStep-shipping`.
    WebUri,
    /// `cbv:BizStep-shipping`, `gs1:Temperature`.
    Curie,
}

/// A word of a standard vocabulary, or a user's own URI, kept as sent.
///
/// Equality is of meaning: all four spellings of a word are equal.
#[derive(Clone, Debug)]
pub struct Term {
    vocabulary: StandardVocabulary,
    word: Word,
    spelling: Spelling,
    /// The namespace as sent, where it is one of those that preceded today's.
    old_host: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Listed(u8),
    /// In the form of a standard word, but in no list.
    Unlisted(Box<str>),
    Own(Box<str>),
}

impl StandardVocabulary {
    /// The words in alphabetical order.
    pub fn words(self) -> &'static [&'static str] {
        words::of(self)
    }

    /// The middle of the URN, such as `bizstep`; `None` where CBV defines no URN.
    fn urn_part(self) -> Option<&'static str> {
        match self {
            StandardVocabulary::BizStep => Some("bizstep:"),
            StandardVocabulary::Disposition => Some("disp:"),
            StandardVocabulary::BizTransactionType => Some("btt:"),
            StandardVocabulary::SourceDestType => Some("sdt:"),
            StandardVocabulary::ErrorReason => Some("er:"),
            StandardVocabulary::SensorAlert
            | StandardVocabulary::Component
            | StandardVocabulary::MeasurementType => None,
        }
    }

    /// What stands before the word in a web URI, such as `BizStep-`; empty in the GS1 web vocabulary.
    fn web_part(self) -> &'static str {
        match self {
            StandardVocabulary::BizStep => "BizStep-",
            StandardVocabulary::Disposition => "Disp-",
            StandardVocabulary::BizTransactionType => "BTT-",
            StandardVocabulary::SourceDestType => "SDT-",
            StandardVocabulary::ErrorReason => "ER-",
            StandardVocabulary::Component => "Comp-",
            StandardVocabulary::SensorAlert | StandardVocabulary::MeasurementType => "",
        }
    }

    fn in_web_vocabulary(self) -> bool {
        self.web_part().is_empty()
    }

    /// The namespaces of its web URIs, today's first.
    fn hosts(self) -> &'static [&'static str] {
        if self.in_web_vocabulary() {
            &[
                "https://gs1.org/voc/",
                "https://ref.gs1.org/voc/",
                "https://www.gs1.org/voc/",
                "http://gs1.org/voc/",
                "http://www.gs1.org/voc/",
                "https://ns.gs1.org/voc/",
            ]
        } else {
            &[
                "https://ref.gs1.org/cbv/",
                "http://ref.gs1.org/cbv/",
                "https://ns.gs1.org/cbv/",
                "http://ns.gs1.org/cbv/",
            ]
        }
    }

    fn curie_prefix(self) -> &'static str {
        if self.in_web_vocabulary() { "gs1:" } else { "cbv:" }
    }
}

impl Term {
    /// Reads a word in any spelling; what is none of the standard's forms is kept as the user's own.
    pub fn parse(vocabulary: StandardVocabulary, text: &str) -> Term {
        let term = |word, spelling, old_host| Term { vocabulary, word, spelling, old_host };
        let own = |text: &str| term(Word::Own(text.into()), Spelling::Bare, None);
        if let Some(rest) = text.strip_prefix("urn:epcglobal:cbv:") {
            let word = vocabulary.urn_part().and_then(|part| rest.strip_prefix(part));
            return word
                .map_or_else(|| own(text), |word| term(lookup(vocabulary, word), Spelling::Urn, None));
        }
        if let Some(rest) = text.strip_prefix(vocabulary.curie_prefix()) {
            let word = rest.strip_prefix(vocabulary.web_part());
            return word
                .map_or_else(|| own(text), |word| term(lookup(vocabulary, word), Spelling::Curie, None));
        }
        if text.starts_with("http") {
            let hosts = vocabulary.hosts();
            let found = hosts.iter().find_map(|host| Some((*host, text.strip_prefix(host)?)));
            let word = found.and_then(|(host, rest)| Some((host, rest.strip_prefix(vocabulary.web_part())?)));
            return match word {
                Some((host, word)) => {
                    let old = hosts.first().is_none_or(|today| *today != host).then_some(host);
                    term(lookup(vocabulary, word), Spelling::WebUri, old)
                }
                None => own(text),
            };
        }
        if text.contains(':') || text.trim().is_empty() {
            return own(text);
        }
        term(lookup(vocabulary, text), Spelling::Bare, None)
    }

    /// A word of the list by its bare form; `None` where the list has no such word.
    pub fn listed(vocabulary: StandardVocabulary, bare: &str) -> Option<Term> {
        match lookup(vocabulary, bare) {
            word @ Word::Listed(_) => {
                Some(Term { vocabulary, word, spelling: Spelling::Bare, old_host: None })
            }
            Word::Unlisted(_) | Word::Own(_) => None,
        }
    }

    /// The vocabulary it was read for.
    pub fn vocabulary(&self) -> StandardVocabulary {
        self.vocabulary
    }

    /// True for a word that CBV lists.
    pub fn is_listed(&self) -> bool {
        matches!(self.word, Word::Listed(_))
    }

    /// True for a user's own value, which CBV allows as a URI.
    pub fn is_own(&self) -> bool {
        matches!(self.word, Word::Own(_))
    }

    /// How it was written; [`Spelling::Bare`] for a user's own value.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// The word alone, `shipping`; a user's own value as sent.
    pub fn bare(&self) -> &str {
        match &self.word {
            Word::Listed(index) => {
                self.vocabulary.words().get(usize::from(*index)).copied().unwrap_or_default()
            }
            Word::Unlisted(word) | Word::Own(word) => word,
        }
    }

    /// The word as it was sent.
    pub fn as_sent(&self) -> Cow<'_, str> {
        match self.old_host {
            Some(host) => Cow::Owned(format!("{host}{}{}", self.vocabulary.web_part(), self.bare())),
            None => self.spelt(self.spelling),
        }
    }

    /// The word in a spelling; a user's own value stays as sent.
    pub fn spelt(&self, spelling: Spelling) -> Cow<'_, str> {
        if self.is_own() {
            return Cow::Borrowed(self.bare());
        }
        let mut text = String::new();
        match spelling {
            Spelling::Bare => return Cow::Borrowed(self.bare()),
            Spelling::Urn => match self.vocabulary.urn_part() {
                Some(part) => text.extend(["urn:epcglobal:cbv:", part]),
                None => text.extend([self.vocabulary.curie_prefix(), self.vocabulary.web_part()]),
            },
            Spelling::WebUri => {
                text.push_str(self.vocabulary.hosts().first().copied().unwrap_or_default());
                text.push_str(self.vocabulary.web_part());
            }
            Spelling::Curie => text.extend([self.vocabulary.curie_prefix(), self.vocabulary.web_part()]),
        }
        text.push_str(self.bare());
        Cow::Owned(text)
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Term) -> bool {
        self.vocabulary == other.vocabulary && self.word == other.word
    }
}

impl Eq for Term {}

fn lookup(vocabulary: StandardVocabulary, word: &str) -> Word {
    let found = vocabulary.words().binary_search(&word).ok().and_then(|index| u8::try_from(index).ok());
    found.map_or_else(|| Word::Unlisted(word.into()), Word::Listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vocabulary: StandardVocabulary, spellings: [&str; 4]) {
        let terms = spellings.map(|text| Term::parse(vocabulary, text));
        for (term, sent) in terms.iter().zip(spellings) {
            assert_eq!(term, &terms[0]);
            assert!(term.is_listed(), "{sent}");
            assert_eq!(term.as_sent(), sent);
            assert_eq!(term.spelt(Spelling::Bare), spellings[0]);
            assert_eq!(term.spelt(Spelling::Urn), spellings[1]);
            assert_eq!(term.spelt(Spelling::WebUri), spellings[2]);
            assert_eq!(term.spelt(Spelling::Curie), spellings[3]);
        }
    }

    #[test]
    fn reads_four_spellings() {
        check(
            StandardVocabulary::BizStep,
            [
                "shipping",
                "urn:epcglobal:cbv:bizstep:shipping",
                "https://ref.gs1.org/cbv/BizStep-shipping",
                "cbv:BizStep-shipping",
            ],
        );
        check(
            StandardVocabulary::MeasurementType,
            ["Temperature", "gs1:Temperature", "https://gs1.org/voc/Temperature", "gs1:Temperature"],
        );
    }

    #[test]
    fn keeps_unknown_words_and_old_hosts() {
        let sent = "https://ns.gs1.org/cbv/Disp-in_transit";
        let old = Term::parse(StandardVocabulary::Disposition, sent);
        assert_eq!(old.as_sent(), sent);
        assert_eq!(old, Term::parse(StandardVocabulary::Disposition, "in_transit"));
        let own = Term::parse(StandardVocabulary::BizStep, "https://example.com/cbv/My-Own");
        assert!(own.is_own() && own.spelt(Spelling::Urn) == "https://example.com/cbv/My-Own");
        let unlisted = Term::parse(StandardVocabulary::ErrorReason, "urn:epcglobal:cbv:er:other");
        assert!(!unlisted.is_listed() && !unlisted.is_own());
        assert_eq!(unlisted.spelt(Spelling::WebUri), "https://ref.gs1.org/cbv/ER-other");
    }

    #[test]
    fn lists_are_sorted() {
        for vocabulary in [
            StandardVocabulary::BizStep,
            StandardVocabulary::Disposition,
            StandardVocabulary::BizTransactionType,
            StandardVocabulary::SourceDestType,
            StandardVocabulary::ErrorReason,
            StandardVocabulary::SensorAlert,
            StandardVocabulary::Component,
            StandardVocabulary::MeasurementType,
        ] {
            assert!(vocabulary.words().is_sorted(), "{vocabulary:?}");
        }
    }
}
