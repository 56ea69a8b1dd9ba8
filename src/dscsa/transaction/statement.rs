//! The transaction statement of a document (21 U.S.C. 360eee(27); GS1 US guideline, `dscsaTransactionStatement`).

use crate::dscsa::transaction::USHC_NAMESPACE;
use crate::epcis::Element;
use crate::epcis::Header;

/// What a document states for all shipments in it, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionStatement {
    /// `affirmTransactionStatement` as sent; empty where it is missing.
    pub affirmation: Box<str>,
    /// `legalNotice` as sent; empty where it is missing.
    pub legal_notice: Box<str>,
    /// Where it stands in the document.
    pub path: Box<str>,
}

impl TransactionStatement {
    /// Reads it in the header, or wherever a form puts what follows the header; `None` where there is none.
    pub fn of(header: &Header) -> Option<TransactionStatement> {
        let places = [
            ("EPCISHeader", &header.elements),
            ("EPCISDocument", &header.document_elements),
            ("EPCISBody", &header.body_elements),
        ];
        let named = |element: &&Element| {
            &*element.name.namespace == USHC_NAMESPACE && &*element.name.local == "dscsaTransactionStatement"
        };
        let (place, statement) =
            places.into_iter().find_map(|(place, elements)| Some((place, elements.iter().find(named)?)))?;
        let text = |name| {
            let text = statement.child(name).and_then(Element::text);
            text.map(str::trim).unwrap_or_default().into()
        };
        Some(TransactionStatement {
            affirmation: text("affirmTransactionStatement"),
            legal_notice: text("legalNotice"),
            path: format!("{place}/gs1ushc:dscsaTransactionStatement").into(),
        })
    }

    /// True where the seller affirms it: `true` or `1`, the two words of `xsd:boolean`.
    pub fn is_affirmed(&self) -> bool {
        matches!(&*self.affirmation, "true" | "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Name;
    use crate::epcis::Node;

    fn header(affirmation: &str) -> Header {
        let name = |local| Name::new(USHC_NAMESPACE, local);
        let mut statement = Element::new(name("dscsaTransactionStatement"), "x");
        let child = |local, text: &str| Node::Element(Element::with_text(name(local), "x", text));
        statement.children =
            vec![child("affirmTransactionStatement", affirmation), child("legalNotice", " As sent. ")];
        Header { elements: vec![statement], ..Header::default() }
    }

    #[test]
    fn is_read_word_for_word() {
        let statement = TransactionStatement::of(&header("true")).unwrap();
        assert_eq!((&*statement.affirmation, &*statement.legal_notice), ("true", "As sent."));
        assert_eq!(&*statement.path, "EPCISHeader/gs1ushc:dscsaTransactionStatement");
        assert!(statement.is_affirmed());
        for word in ["false", "TRUE", "yes", ""] {
            assert!(!TransactionStatement::of(&header(word)).unwrap().is_affirmed(), "{word}");
        }
        assert_eq!(TransactionStatement::of(&Header::default()), None);
        let mut elsewhere = header("true");
        elsewhere.document_elements = std::mem::take(&mut elsewhere.elements);
        assert_eq!(
            &*TransactionStatement::of(&elsewhere).unwrap().path,
            "EPCISDocument/gs1ushc:dscsaTransactionStatement"
        );
    }
}
