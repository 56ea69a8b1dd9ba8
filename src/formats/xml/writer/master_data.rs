//! Master data, the same in both versions.

use crate::epcis::MasterDataAttribute;
use crate::epcis::Name;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::formats::xml::writer::Pen;

impl Pen {
    /// Writes `VocabularyList`.
    pub(super) fn vocabulary_list(&mut self, vocabularies: &[Vocabulary]) {
        self.open("VocabularyList");
        for Vocabulary { kind, elements, extensions } in vocabularies {
            self.output.tag("Vocabulary");
            self.output.attribute("type", kind);
            if elements.is_empty() && extensions.is_empty() {
                self.output.tag_end_empty();
                continue;
            }
            self.output.tag_end();
            if !elements.is_empty() {
                self.open("VocabularyElementList");
                elements.iter().for_each(|element| self.vocabulary_element(element));
                self.close("VocabularyElementList");
            }
            self.extensions(extensions);
            self.close("Vocabulary");
        }
        self.close("VocabularyList");
    }

    fn vocabulary_element(&mut self, element: &VocabularyElement) {
        let VocabularyElement { id, attributes, children, extensions } = element;
        self.output.tag("VocabularyElement");
        self.output.attribute("id", id);
        if attributes.is_empty() && children.is_empty() && extensions.is_empty() {
            return self.output.tag_end_empty();
        }
        self.output.tag_end();
        for MasterDataAttribute { id, attributes, content } in attributes {
            let scope = self.scope.mark();
            self.output.tag("attribute");
            self.output.attribute("id", id);
            self.attributes(attributes, |name: &Name| name.is_local() && &*name.local == "id");
            self.content("attribute", content);
            self.scope.go_back(scope);
        }
        if !children.is_empty() {
            self.open("children");
            children.iter().for_each(|id| self.leaf("id", id));
            self.close("children");
        }
        self.extensions(extensions);
        self.close("VocabularyElement");
    }
}
