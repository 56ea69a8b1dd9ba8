//! The attributes of the start tag read last.

use std::borrow::Cow;

use quick_xml::events::attributes::Attributes;

use crate::epcis::Attribute;
use crate::epcis::Name;
use crate::formats::Fault;
use crate::formats::values::shown;
use crate::formats::xml::entities;
use crate::formats::xml::names::XSI;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::split;

impl Scanner {
    /// The value of the attribute without prefix of this name.
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        each(&self.attributes).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// True where `xsi:nil` says that the element has no value.
    pub fn is_nil(&self) -> bool {
        each(&self.attributes).any(|(key, value)| {
            let (prefix, local) = split(key);
            local == "nil"
                && matches!(&*value, "true" | "1")
                && self.scope.resolve(prefix).is_some_and(|(_, namespace)| &**namespace == XSI)
        })
    }

    /// Every attribute but declarations of namespaces.
    pub fn foreign_attributes(&mut self) -> Scan<Vec<Attribute>> {
        let mut found = Vec::new();
        if self.attributes.is_empty() {
            return Ok(found);
        }
        let attributes = std::mem::take(&mut self.attributes);
        for (key, value) in each(&attributes) {
            let (prefix, local) = split(key);
            if prefix == "xmlns" || key == "xmlns" {
                continue;
            }
            self.count_node()?;
            let namespace = if prefix.is_empty() {
                Some(self.scope.none())
            } else {
                self.scope.resolve(prefix).map(|(_, namespace)| namespace)
            };
            match namespace.cloned() {
                Some(namespace) => {
                    found.push(Attribute { name: Name::new(namespace, local), value: value.into() })
                }
                None => {
                    let message = format!("the prefix of the attribute {} is not declared", shown(key));
                    self.tell(Fault::error("prefix", message, "declare the prefix with xmlns:…"));
                }
            }
        }
        self.attributes = attributes;
        Ok(found)
    }

    /// Warns of attributes that the element does not have and that have no room in the model.
    pub fn judge_attributes(&mut self, known: &[&str]) -> Scan<()> {
        if self.attributes.is_empty() {
            return Ok(());
        }
        for attribute in self.foreign_attributes()? {
            let name = &attribute.name;
            if &*name.namespace == XSI || (name.is_local() && known.contains(&&*name.local)) {
                continue;
            }
            let message = format!("the attribute {} has no meaning here and is not kept", shown(&name.local));
            self.tell(Fault::warning("unknown-attribute", message, "remove the attribute"));
        }
        Ok(())
    }
}

/// The attributes by name as written; they were checked when the tag was read.
fn each(attributes: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut attributes = Attributes::new(attributes, 0);
    attributes.with_checks(false);
    attributes.flatten().map(|attribute| {
        let value = match attribute.value {
            Cow::Borrowed(raw) => entities::attribute_value(raw).unwrap_or(Cow::Borrowed(raw)),
            Cow::Owned(raw) => {
                Cow::Owned(entities::attribute_value(&raw).map_or_else(|_| raw.clone(), Cow::into_owned))
            }
        };
        (attribute.key.into_inner(), value)
    })
}
