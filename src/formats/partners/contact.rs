//! ContactForm: a person or desk at a partner, in JSON.

use serde::Deserialize;
use serde::Serialize;

use crate::dscsa::Contact;
use crate::formats::partners::form::filled;
use crate::formats::records::Faults;
use crate::formats::trade_values;
use crate::formats::trade_values::loose;

/// A person or desk at a partner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ContactForm {
    /// What for, such as `technical` or `exceptions`; empty for everything.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub matter: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Telephone.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

impl ContactForm {
    pub(super) fn read(&self, at: usize, faults: &mut Faults) -> Contact {
        let contact = Contact {
            matter: self.matter.trim().into(),
            name: self.name.trim().into(),
            email: filled(&self.email),
            phone: filled(&self.phone),
        };
        if contact.email.is_none() && contact.phone.is_none() {
            let fix = "write an e-mail address or a telephone number";
            faults.push((format!("contacts[{at}]"), trade_values::missing("way to reach this contact", fix)));
        }
        contact
    }
}

impl From<&Contact> for ContactForm {
    fn from(contact: &Contact) -> ContactForm {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        ContactForm {
            matter: contact.matter.to_string(),
            name: contact.name.to_string(),
            email: text(&contact.email),
            phone: text(&contact.phone),
        }
    }
}
