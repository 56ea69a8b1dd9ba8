//! Master data written (EPCIS 2.0 §9.5).

use crate::epcis::MasterDataAttribute;
use crate::epcis::Vocabulary;
use crate::epcis::VocabularyElement;
use crate::formats::jsonld::losses::Losses;
use crate::formats::jsonld::prefixes::Prefixes;
use crate::formats::jsonld::sink::Sink;
use crate::formats::jsonld::uri;
use crate::formats::jsonld::writer_extension::ExtensionWriter;
use crate::formats::values::shown;

/// Writes vocabularies.
pub(super) struct MasterDataWriter<'a> {
    pub(super) out: &'a mut Sink,
    pub(super) prefixes: &'a Prefixes,
    pub(super) losses: &'a mut Losses,
}

impl MasterDataWriter<'_> {
    /// Writes `vocabularyList`.
    pub(super) fn vocabularies(&mut self, vocabularies: &[Vocabulary]) {
        self.out.open(b'[');
        for (index, vocabulary) in vocabularies.iter().enumerate() {
            let path = || format!("master_data[{index}]");
            self.out.item();
            self.out.open(b'{');
            self.uri_member("type", &vocabulary.kind, &path);
            if !vocabulary.elements.is_empty() {
                self.out.key("vocabularyElementList");
                self.out.open(b'[');
                for (place, element) in vocabulary.elements.iter().enumerate() {
                    self.out.item();
                    self.element(element, &|| format!("{}.elements[{place}]", path()));
                }
                self.out.close(b']');
            }
            ExtensionWriter { out: self.out, prefixes: self.prefixes }.members(&vocabulary.extensions);
            self.out.close(b'}');
        }
        self.out.close(b']');
    }

    fn element(&mut self, element: &VocabularyElement, path: &dyn Fn() -> String) {
        self.out.open(b'{');
        self.uri_member("id", &element.id, path);
        if !element.attributes.is_empty() {
            self.out.key("attributes");
            self.out.open(b'[');
            for MasterDataAttribute { id, attributes, content } in &element.attributes {
                self.out.item();
                self.out.open(b'{');
                self.uri_member("id", id, path);
                self.out.key("attribute");
                let mut extensions = ExtensionWriter { out: self.out, prefixes: self.prefixes };
                extensions.master_data(attributes, content);
                self.out.close(b'}');
            }
            self.out.close(b']');
        }
        if !element.children.is_empty() {
            self.out.key("children");
            self.out.open(b'[');
            for child in &element.children {
                self.out.item();
                self.out.string(child);
                self.check_uri(child, path);
            }
            self.out.close(b']');
        }
        ExtensionWriter { out: self.out, prefixes: self.prefixes }.members(&element.extensions);
        self.out.close(b'}');
    }

    fn uri_member(&mut self, key: &str, text: &str, path: &dyn Fn() -> String) {
        self.out.member(key, text);
        self.check_uri(text, path);
    }

    fn check_uri(&mut self, text: &str, path: &dyn Fn() -> String) {
        if !uri::is_uri(text) {
            self.losses.add(None, path, format!("{} is no URI, which JSON-LD requires", shown(text)));
        }
    }
}
