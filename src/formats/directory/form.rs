//! RecordForm: a record of the lookup directory in JSON, as it is imported and shown.

use std::io;
use std::io::Write;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use crate::dscsa::verification::DirectoryContact;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::DirectoryScope;
use crate::dscsa::verification::PREFIX_DIGITS;
use crate::formats::Fault;
use crate::formats::records::Faults;
use crate::formats::records::optional;
use crate::formats::trade_values;
use crate::formats::trade_values::loose;
use crate::gs1::Gln;

/// Characters that a name, an address or a telephone number may have.
const MOST_TEXT: usize = 300;
/// Characters that a context or the name of a provider may have.
const MOST_WORD: usize = 64;

/// A record of the lookup directory in JSON; it has a `gtin` or a `companyPrefix`, and everything else may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RecordForm {
    /// Its name, for those that are shown; not read.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The trade item.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub gtin: String,
    /// Or the company: 4 to 12 digits of its GS1 company prefix.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub company_prefix: String,
    /// The first expiry date it is for: year-month-day.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub start_exp_date: String,
    /// The last one.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub end_exp_date: String,
    /// The context it is for; empty for all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// GLN of who answers.
    #[serde(rename = "responderGLN", deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub responder: String,
    /// The provider, as the settings name it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// Where it is asked: `https://…` without `/verify`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// `active` or `inactive`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// When it was last changed there, with its zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub modified: String,
    /// How to reach people.
    #[serde(skip_serializing_if = "ContactForm::is_empty")]
    pub contact: ContactForm,
}

/// How to reach people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactForm {
    /// Business name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Telephone number.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Address of a web page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub portal: String,
}

/// Writes records as JSON that our own reader knows, one a line.
pub fn write_json<E: From<io::Error>>(
    mut out: impl Write,
    records: impl IntoIterator<Item = Result<DirectoryRecord, E>>,
) -> Result<(), E> {
    out.write_all(b"{\"records\": [")?;
    let mut before = "\n";
    for record in records {
        let record = serde_json::to_string(&RecordForm::from(&record?)).map_err(io::Error::other)?;
        write!(out, "{before}{record}")?;
        before = ",\n";
    }
    out.write_all(b"\n]}\n")?;
    Ok(())
}

impl RecordForm {
    /// The record it describes; what is wrong goes to `faults`, with its path. `None` where it is not known what it is about.
    pub fn read(&self, faults: &mut Faults) -> Option<DirectoryRecord> {
        let day =
            |text: &str, path: &str, faults: &mut Faults| optional(text, path, faults, trade_values::day);
        let starts = day(&self.start_exp_date, "startExpDate", faults);
        let ends = day(&self.end_exp_date, "endExpDate", faults);
        if let (Some(first), Some(last)) = (starts, ends)
            && last < first
        {
            faults.push(("endExpDate".to_owned(), backwards(first, last)));
        }
        let scope = self.scope(faults);
        let url = optional(&self.url, "url", faults, url);
        let responder = optional(&self.responder, "responderGLN", faults, gln);
        if let Some(responder) = &responder
            && Gln::parse(responder).is_err()
        {
            let message = format!("the check digit of the GLN {responder} is wrong");
            let fix = "ask its owner; answers that have it are taken";
            faults.push(("responderGLN".to_owned(), Fault::warning("directory-gln", message, fix)));
        }
        let status = optional(&self.status, "status", faults, |text| {
            trade_values::word(text, &[true, false], |active| if active { "active" } else { "inactive" })
        });
        let modified = optional(&self.modified, "modified", faults, moment);
        let mut text = |value: &str, path: &str, most: usize| -> Box<str> {
            let kept = optional(value, path, faults, |text| bounded(text, most, path));
            kept.unwrap_or_default()
        };
        let contact = DirectoryContact {
            name: text(&self.contact.name, "contact.name", MOST_TEXT),
            email: text(&self.contact.email, "contact.email", MOST_TEXT),
            phone: text(&self.contact.phone, "contact.phone", MOST_TEXT),
            portal: text(&self.contact.portal, "contact.portal", MOST_TEXT),
        };
        let source = text(&self.source, "source", MOST_TEXT);
        let context = optional(&self.context, "context", faults, |text| word(text, "context"));
        let provider = optional(&self.provider, "provider", faults, |text| word(text, "provider"));
        Some(DirectoryRecord {
            scope: scope?,
            starts,
            ends,
            context: context.unwrap_or_default(),
            responder: responder.unwrap_or_default(),
            provider: provider.unwrap_or_default(),
            url: url.unwrap_or_default(),
            active: status.unwrap_or(true),
            source,
            modified,
            contact,
        })
    }

    fn scope(&self, faults: &mut Faults) -> Option<DirectoryScope> {
        let mut fault = |path: &str, fault: Fault| {
            faults.push((path.to_owned(), fault));
            None
        };
        match (self.gtin.trim(), self.company_prefix.trim()) {
            ("", "") => {
                let fix = "say what the record is about";
                fault("gtin", trade_values::missing("GTIN and no company prefix", fix))
            }
            ("", prefix) => {
                let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
                if digits && PREFIX_DIGITS.contains(&prefix.len()) {
                    return Some(DirectoryScope::Prefix(prefix.into()));
                }
                let message = format!("{prefix:?} is no GS1 company prefix: it has 4 to 12 digits");
                let fix = "write its digits with leading zeros";
                fault("companyPrefix", Fault::error("directory-prefix", message, fix))
            }
            (_, prefix) if !prefix.is_empty() => {
                let message = "the record has both a GTIN and a company prefix";
                fault("companyPrefix", Fault::error("directory-prefix", message, "leave one of them out"))
            }
            (gtin, _) => match trade_values::gtin(gtin) {
                Ok(gtin) => Some(DirectoryScope::Gtin(gtin)),
                Err(wrong) => fault("gtin", wrong),
            },
        }
    }
}

impl From<&DirectoryRecord> for RecordForm {
    fn from(record: &DirectoryRecord) -> RecordForm {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let digits = record.scope.digits().to_owned();
        let (gtin, company_prefix) = match record.scope {
            DirectoryScope::Gtin(_) => (digits, String::new()),
            DirectoryScope::Prefix(_) => (String::new(), digits),
        };
        let DirectoryContact { name, email, phone, portal } = &record.contact;
        RecordForm {
            id: record.id(),
            gtin,
            company_prefix,
            start_exp_date: day(record.starts),
            end_exp_date: day(record.ends),
            context: record.context.to_string(),
            responder: record.responder.to_string(),
            provider: record.provider.to_string(),
            url: record.url.to_string(),
            status: if record.active { "active" } else { "inactive" }.to_owned(),
            source: record.source.to_string(),
            modified: record
                .modified
                .map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
                .unwrap_or_default(),
            contact: ContactForm {
                name: name.to_string(),
                email: email.to_string(),
                phone: phone.to_string(),
                portal: portal.to_string(),
            },
        }
    }
}

impl ContactForm {
    fn is_empty(&self) -> bool {
        *self == ContactForm::default()
    }
}

fn backwards(first: NaiveDate, last: NaiveDate) -> Fault {
    let message = format!("the record ends before it begins: {first} to {last}");
    Fault::error("directory-window", message, "let endExpDate be the last expiry date it is for")
}

/// An address to ask at: https, a host, no user, no question; without the slash at its end.
fn url(text: &str) -> Result<Box<str>, Fault> {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let clean =
        text.chars().all(|c| c.is_ascii_graphic()) && !text.contains(['?', '#', '@', '\\', '"', '<', '>']);
    if host.is_empty() || !clean || text.len() > MOST_TEXT {
        let message = format!("{:?} is no address to ask at", text.chars().take(80).collect::<String>());
        let fix = "write https://host/path, without user, question mark or number sign";
        return Err(Fault::error("directory-url", message, fix));
    }
    Ok(text.trim_end_matches('/').into())
}

fn gln(text: &str) -> Result<Box<str>, Fault> {
    if text.contains(':') {
        return trade_values::gln(text).map(|gln| gln.as_str().into());
    }
    if text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.into());
    }
    Err(Fault::error("directory-gln", format!("the GLN {text:?} is not 13 digits"), "write all 13 digits"))
}

fn moment(text: &str) -> Result<DateTime<Utc>, Fault> {
    // As precise as the database keeps it.
    let found = DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros());
    found.and_then(DateTime::from_timestamp_micros).ok_or_else(|| {
        let message = format!("modified {text:?} is no time with a zone");
        Fault::error("import-date", message, "write it as 2026-11-01T10:00:00Z")
    })
}

fn bounded(text: &str, most: usize, path: &str) -> Result<Box<str>, Fault> {
    if text.chars().count() <= most && !text.chars().any(char::is_control) {
        return Ok(text.into());
    }
    let message = format!("{path} has control characters or more than {most} characters");
    Err(Fault::error("directory-text", message, "shorten it"))
}

fn word(text: &str, path: &str) -> Result<Box<str>, Fault> {
    let sound = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if sound && text.len() <= MOST_WORD {
        return Ok(text.into());
    }
    let message = format!("{path} {:?} is no word", text.chars().take(MOST_WORD).collect::<String>());
    let fix = format!("write at most {MOST_WORD} letters, digits, hyphens, points and underscores");
    Err(Fault::error("directory-word", message, fix))
}
