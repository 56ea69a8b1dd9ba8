//! Cases: what checks and receipts find becomes items, corrections settle them, partners are told and answer.

mod after;
mod exchange;
mod matching;
mod trouble;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;

pub use after::Compared;
pub use after::after_reconcile;
pub use exchange::ExchangeError;
pub use exchange::Received;
pub use exchange::Reply;
pub use exchange::Sent;
pub use exchange::close;
pub use exchange::draft;
pub use exchange::note;
pub use exchange::notify;
pub use exchange::receive;
pub use exchange::respond;

use crate::dscsa::exception::Clocks;
use crate::dscsa::exception::Contact;

/// Who we are in messages about cases, and how long each side has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The name of our company.
    pub name: String,
    /// Our GLN; empty where it is not to be told.
    pub gln: String,
    /// Our e-mail address.
    pub email: String,
    /// Our telephone number; empty where it is not to be told.
    pub phone: String,
    /// Hours until the partner is to be told.
    pub notify_hours: u32,
    /// Business days until an answer is due.
    pub answer_business_days: u32,
    /// Days besides Saturdays and Sundays that are no business days, `YYYY-MM-DD`.
    #[serde(deserialize_with = "dates")]
    pub holidays: Vec<NaiveDate>,
}

impl Default for Settings {
    fn default() -> Settings {
        let Clocks { notify_hours, answer_business_days, holidays } = Clocks::default();
        Settings {
            name: String::new(),
            gln: String::new(),
            email: String::new(),
            phone: String::new(),
            notify_hours,
            answer_business_days,
            holidays,
        }
    }
}

impl Settings {
    /// Who we are.
    pub fn contact(&self) -> Contact {
        let told = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Contact {
            name: self.name.clone(),
            gln: told(&self.gln),
            email: self.email.clone(),
            phone: told(&self.phone),
            credential: None,
        }
    }

    /// How long each side has.
    pub fn clocks(&self) -> Clocks {
        Clocks {
            notify_hours: self.notify_hours,
            answer_business_days: self.answer_business_days,
            holidays: self.holidays.clone(),
        }
    }
}

fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NaiveDate>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let date = |text: &String| {
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no date such as 2026-12-25")))
    };
    texts.iter().map(date).collect()
}
