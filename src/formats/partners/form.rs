//! PartnerForm: a trading partner in JSON, as it is imported, shown and kept.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Serialize;

use crate::dscsa::Acceptance;
use crate::dscsa::Address;
use crate::dscsa::DocumentForm;
use crate::dscsa::GlnUse;
use crate::dscsa::GuidelineRelease;
use crate::dscsa::IdentifierForm;
use crate::dscsa::Licence;
use crate::dscsa::PartnerCertificate;
use crate::dscsa::PartnerGln;
use crate::dscsa::PartnerPolicy;
use crate::dscsa::PartnerRole;
use crate::dscsa::StatementOccasion;
use crate::dscsa::StatementPolicy;
use crate::dscsa::TradingPartner;
use crate::dscsa::Verdict;
use crate::dscsa::WithoutLicence;
use crate::formats::Fault;
use crate::formats::partners::certificate::CertificateForm;
use crate::formats::partners::contact::ContactForm;
use crate::formats::records::Faults;
use crate::formats::records::optional;
use crate::formats::trade_values;
use crate::formats::trade_values::loose;

/// A trading partner in JSON. Everything but a name for it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PartnerForm {
    /// The operator's name for it; its first owning GLN where it is left out.
    #[serde(deserialize_with = "loose")]
    pub id: String,
    /// Business name.
    pub name: String,
    /// `manufacturer`, `repackager`, `wholesaler`, `dispenser`, `3PL`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// GLNs by what they name.
    pub glns: Glns,
    /// DEA numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dea: Vec<String>,
    /// Health Industry Numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hin: Vec<String>,
    /// FEI or DUNS number of its registration with FDA.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub fda_establishment: String,
    /// Licences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<LicenceForm>,
    /// Address.
    pub address: AddressForm,
    /// E-mail address of its contact.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Telephone of its contact.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// People for particular matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactForm>,
    /// Certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateForm>,
    /// What was agreed with it.
    pub policy: PolicyForm,
}

/// GLNs: 13 digits, or URNs of SGLNs and PGLNs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Glns {
    /// Of the party that owns goods.
    pub owning: Vec<String>,
    /// Of places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// Of whoever is sent the invoice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sold_to: Vec<String>,
    /// Of places goods are sent to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ship_to: Vec<String>,
}

/// A licence; days as year-month-day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct LicenceForm {
    /// A state, or another authority.
    pub authority: String,
    /// Its number.
    #[serde(deserialize_with = "loose")]
    pub number: String,
    /// What it allows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The first day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub valid_from: String,
    /// The last day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub valid_until: String,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct AddressForm {
    /// Street lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub street: Vec<String>,
    /// City.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// State.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Postal code.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// Country, two letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
}

/// What was agreed; an empty word is the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct PolicyForm {
    /// `release-good` or `hold-all`.
    pub acceptance: String,
    /// `R1.2` or `R1.3`.
    pub guideline: String,
    /// `xml-1.2`, `xml-2.0` or `json-ld`.
    pub form: String,
    /// `urn` or `digital-link`.
    pub identifiers: String,
    /// When a transaction statement goes with a shipment: `owner-changes` or `always`.
    pub statement: String,
    /// Its legal notice; that of the settings where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub statement_notice: String,
    /// Rule ids with `hard`, `business`, `warning`, `note` or `off`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, String>,
    /// True where words of CBV 2.0 are taken.
    pub takes_cbv2: bool,
    /// `finding` or `block`.
    pub without_licence: String,
}

impl PartnerForm {
    /// The partner it describes; what is wrong goes to `faults`, with its path.
    pub fn read(self, faults: &mut Faults) -> TradingPartner {
        let glns = self.glns.read(faults);
        let first = glns.iter().find(|gln| gln.role == GlnUse::Owner).map(|gln| gln.gln.to_string());
        let id =
            if self.id.trim().is_empty() { first.unwrap_or_default() } else { self.id.trim().to_owned() };
        if id.is_empty() {
            let fix = "give it an id, such as your customer number, or an owning GLN";
            faults.push((String::new(), trade_values::missing("name for this partner", fix)));
        }
        if id.len() > 200 || id.chars().any(|c| c.is_control() || c == '/') {
            let message = format!("the id {id:?} has a slash, a control character or more than 200 bytes");
            faults.push(("id".to_owned(), Fault::error("import-word", message, "write another one")));
        }
        TradingPartner {
            id: id.into(),
            name: self.name.trim().into(),
            roles: list(&self.roles, "roles", faults, |text| {
                trade_values::word(text, &PartnerRole::ALL, PartnerRole::as_str)
            }),
            glns,
            dea: list(&self.dea, "dea", faults, trade_values::dea),
            hin: list(&self.hin, "hin", faults, trade_values::hin),
            licences: self.licences.iter().enumerate().map(|(at, one)| one.read(at, faults)).collect(),
            fda_establishment: filled(&self.fda_establishment),
            address: self.address.read(),
            email: filled(&self.email),
            phone: filled(&self.phone),
            contacts: self.contacts.iter().enumerate().map(|(at, one)| one.read(at, faults)).collect(),
            certificates: certificates(&self.certificates, faults),
            policy: self.policy.read(faults),
        }
    }
}

impl Glns {
    fn of(&self, role: GlnUse) -> (&'static str, &Vec<String>) {
        match role {
            GlnUse::Owner => ("glns.owning", &self.owning),
            GlnUse::Location => ("glns.locations", &self.locations),
            GlnUse::SoldTo => ("glns.soldTo", &self.sold_to),
            GlnUse::ShipTo => ("glns.shipTo", &self.ship_to),
        }
    }

    fn read(&self, faults: &mut Faults) -> Vec<PartnerGln> {
        let mut glns = Vec::new();
        for role in GlnUse::ALL {
            let (path, texts) = self.of(role);
            glns.extend(list(texts, path, faults, |text| {
                trade_values::gln(text).map(|gln| PartnerGln { gln, sent: text.into(), role })
            }));
        }
        glns
    }
}

impl LicenceForm {
    fn read(&self, at: usize, faults: &mut Faults) -> Licence {
        let valid_from =
            optional(&self.valid_from, &format!("licences[{at}].validFrom"), faults, trade_values::day);
        let until = format!("licences[{at}].validUntil");
        let valid_until = optional(&self.valid_until, &until, faults, trade_values::day);
        if valid_from.zip(valid_until).is_some_and(|(from, until)| until < from) {
            let fault = Fault::error("import-date", "the licence ends before it begins", "exchange the days");
            faults.push((until, fault));
        }
        if self.number.trim().is_empty() {
            let fix = "write the number that stands on the licence";
            faults.push((format!("licences[{at}].number"), trade_values::missing("licence number", fix)));
        }
        Licence {
            authority: self.authority.trim().into(),
            number: self.number.trim().into(),
            kind: self.kind.trim().into(),
            valid_from,
            valid_until,
        }
    }
}

impl AddressForm {
    fn read(&self) -> Address {
        Address {
            street: self.street.iter().map(|line| line.trim().into()).collect(),
            city: self.city.trim().into(),
            state: self.state.trim().into(),
            postal_code: self.postal_code.trim().into(),
            country: self.country.trim().into(),
        }
    }
}

impl PolicyForm {
    fn read(&self, faults: &mut Faults) -> PartnerPolicy {
        let mut rules = BTreeMap::new();
        for (rule, word) in &self.rules {
            let fix = "write off, note, warning, business or hard";
            let unknown = || Fault::error("import-word", format!("{word:?} is no severity"), fix);
            match Verdict::parse(word) {
                Some(verdict) => rules.extend([(rule.as_str().into(), verdict)]),
                None => faults.push((format!("policy.rules.{rule}"), unknown())),
            }
        }
        let policy = PartnerPolicy {
            acceptance: word(&self.acceptance, "acceptance", faults, (&Acceptance::ALL, Acceptance::as_str)),
            guideline: word(
                &self.guideline,
                "guideline",
                faults,
                (&GuidelineRelease::ALL, GuidelineRelease::as_str),
            ),
            form: word(&self.form, "form", faults, (&DocumentForm::ALL, DocumentForm::as_str)),
            identifiers: word(
                &self.identifiers,
                "identifiers",
                faults,
                (&IdentifierForm::ALL, IdentifierForm::as_str),
            ),
            statement: StatementPolicy {
                occasion: word(
                    &self.statement,
                    "statement",
                    faults,
                    (&StatementOccasion::ALL, StatementOccasion::as_str),
                ),
                notice: filled(&self.statement_notice),
            },
            rules,
            takes_cbv_2: self.takes_cbv2,
            without_licence: word(
                &self.without_licence,
                "withoutLicence",
                faults,
                (&WithoutLicence::ALL, WithoutLicence::as_str),
            ),
        };
        if policy.form == DocumentForm::Xml1_2 && policy.identifiers == IdentifierForm::DigitalLink {
            let message = "EPCIS 1.2 names things by URNs alone";
            let fix = "write urn, or another form, such as xml-2.0";
            faults.push(("policy.identifiers".to_owned(), Fault::error("import-word", message, fix)));
        }
        policy
    }
}

/// One of the words of a policy; the first of all where nothing is said.
fn word<T: Copy + Default>(
    text: &str,
    name: &str,
    faults: &mut Faults,
    (all, spelt): (&[T], fn(T) -> &'static str),
) -> T {
    let path = format!("policy.{name}");
    optional(text, &path, faults, |text| trade_values::word(text, all, spelt)).unwrap_or_default()
}

impl From<&TradingPartner> for PartnerForm {
    fn from(partner: &TradingPartner) -> PartnerForm {
        let glns = |role| partner.glns_of(role).map(|gln| gln.sent.to_string()).collect();
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        PartnerForm {
            id: partner.id.to_string(),
            name: partner.name.to_string(),
            roles: partner.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            glns: Glns {
                owning: glns(GlnUse::Owner),
                locations: glns(GlnUse::Location),
                sold_to: glns(GlnUse::SoldTo),
                ship_to: glns(GlnUse::ShipTo),
            },
            dea: partner.dea.iter().map(ToString::to_string).collect(),
            hin: partner.hin.iter().map(ToString::to_string).collect(),
            fda_establishment: text(&partner.fda_establishment),
            licences: partner.licences.iter().map(LicenceForm::from).collect(),
            address: AddressForm::from(&partner.address),
            email: text(&partner.email),
            phone: text(&partner.phone),
            contacts: partner.contacts.iter().map(ContactForm::from).collect(),
            certificates: partner.certificates.iter().map(CertificateForm::from).collect(),
            policy: PolicyForm::from(&partner.policy),
        }
    }
}

impl From<&Licence> for LicenceForm {
    fn from(licence: &Licence) -> LicenceForm {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        LicenceForm {
            authority: licence.authority.to_string(),
            number: licence.number.to_string(),
            kind: licence.kind.to_string(),
            valid_from: day(licence.valid_from),
            valid_until: day(licence.valid_until),
        }
    }
}

impl From<&Address> for AddressForm {
    fn from(address: &Address) -> AddressForm {
        AddressForm {
            street: address.street.iter().map(ToString::to_string).collect(),
            city: address.city.to_string(),
            state: address.state.to_string(),
            postal_code: address.postal_code.to_string(),
            country: address.country.to_string(),
        }
    }
}

impl From<&PartnerPolicy> for PolicyForm {
    fn from(policy: &PartnerPolicy) -> PolicyForm {
        let rules =
            policy.rules.iter().map(|(rule, verdict)| (rule.to_string(), verdict.as_str().to_owned()));
        PolicyForm {
            acceptance: policy.acceptance.as_str().to_owned(),
            guideline: policy.guideline.as_str().to_owned(),
            form: policy.form.as_str().to_owned(),
            identifiers: policy.identifiers.as_str().to_owned(),
            statement: policy.statement.occasion.as_str().to_owned(),
            statement_notice: policy.statement.notice.as_deref().unwrap_or_default().to_owned(),
            rules: rules.collect(),
            takes_cbv2: policy.takes_cbv_2,
            without_licence: policy.without_licence.as_str().to_owned(),
        }
    }
}

fn list<T>(
    texts: &[String],
    path: &str,
    faults: &mut Faults,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Vec<T> {
    let one = |(at, text): (usize, &String)| optional(text, &format!("{path}[{at}]"), faults, &read);
    texts.iter().enumerate().filter_map(one).collect()
}

fn certificates(forms: &[CertificateForm], faults: &mut Faults) -> Vec<PartnerCertificate> {
    let read = |(at, form): (usize, &CertificateForm)| form.read(at, faults);
    forms.iter().enumerate().filter_map(read).collect()
}

pub(super) fn filled(text: &str) -> Option<Box<str>> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into)
}
