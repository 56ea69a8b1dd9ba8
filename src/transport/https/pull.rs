//! Pull: `GET /events` of EPCIS 2.0 with what came since the last time, page after page.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use reqwest::Url;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::https::HttpsError;
use crate::transport::https::Settings;
use crate::transport::https::push::answered;

/// Bytes of a page.
const MOST_BYTES: usize = 32 << 20;

/// Parameters of the query that are ours.
const OWN: [&str; 3] = ["GE_recordTime", "perPage", "nextPageToken"];

/// How events are pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// The question, as after the `?` of `/events`: `EQ_bizStep=shipping`; empty for all that we may see.
    #[serde(default)]
    pub query: String,
    /// Events on a page.
    #[serde(default = "per_page")]
    pub per_page: u32,
    /// Seconds between two rounds.
    #[serde(default = "every_seconds")]
    pub every_seconds: u32,
}

fn per_page() -> u32 {
    100
}

fn every_seconds() -> u32 {
    300
}

impl Pull {
    /// Judges the settings by themselves.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.query.len() > 4_000 || self.query.contains('#') || self.query.chars().any(char::is_control) {
            return Err("pull.query: it must be what stands after the ? of a URL".to_owned());
        }
        if let Some(own) =
            OWN.iter().find(|own| self.query.split('&').any(|part| part.split('=').next() == Some(own)))
        {
            return Err(format!("pull.query: {own} is set by the gateway"));
        }
        if !(1..=10_000).contains(&self.per_page) {
            return Err("pull.per_page: it must be 1 to 10000 events".to_owned());
        }
        if !(1..=86_400).contains(&self.every_seconds) {
            return Err("pull.every_seconds: it must be 1 to 86400 seconds".to_owned());
        }
        Ok(())
    }
}

/// Which page is asked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The first of what was recorded from then on; `None` for all.
    Since(Option<DateTime<Utc>>),
    /// The page at this URL, which the one before named.
    Next(String),
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// An `EPCISQueryDocument` in JSON-LD; its date is that of its last event, so that the same events make the same bytes.
    pub body: Vec<u8>,
    /// The SHA-256 of those, in hexadecimal digits.
    pub identity: String,
    /// How many events there are.
    pub events: usize,
    /// When the last of them was recorded.
    pub latest: Option<DateTime<Utc>>,
    /// The URL of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Asks for a page.
pub async fn page(outbound: &Outbound, settings: &Settings, wanted: &Wanted) -> Result<Page, HttpsError> {
    let url = match wanted {
        Wanted::Since(since) => first(settings, *since)?,
        Wanted::Next(url) => settings.own(url)?,
    };
    let mut call = settings.call(outbound, Method::Get, &url)?;
    call.most_bytes = MOST_BYTES;
    let reply = outbound.send(call).await?;
    if reply.status != 200 {
        return Err(answered(&url, &reply));
    }
    let next = reply.header("link").and_then(next_link).map(|next| settings.own(next)).transpose()?;
    read(&url, &reply.body, next)
}

fn first(settings: &Settings, since: Option<DateTime<Utc>>) -> Result<String, HttpsError> {
    let wished = settings.pull.clone().unwrap_or_default();
    let mut text = settings.resource("events");
    if !wished.query.is_empty() {
        text = format!("{text}?{}", wished.query);
    }
    let parsed = Url::parse(&text);
    let mut url =
        parsed.map_err(|error| HttpsError::Content { url: text.clone(), why: error.to_string() })?;
    if let Some(since) = since {
        let since = since.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        url.query_pairs_mut().append_pair("GE_recordTime", &since);
    }
    url.query_pairs_mut().append_pair("perPage", &wished.per_page.to_string());
    Ok(url.into())
}

impl Default for Pull {
    fn default() -> Pull {
        Pull { query: String::new(), per_page: per_page(), every_seconds: every_seconds() }
    }
}

/// The target of the link whose relation is `next` (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
            name.eq_ignore_ascii_case("rel") && value.trim_matches('"').split(' ').any(|word| word == "next")
        });
        next.then_some(target)
    })
}

fn read(url: &str, body: &[u8], next: Option<String>) -> Result<Page, HttpsError> {
    let content = |why: String| HttpsError::Content { url: url.to_owned(), why };
    let parsed = serde_json::from_slice(body);
    let mut document: Value = parsed.map_err(|error| content(format!("it is no JSON: {error}")))?;
    let list = document.pointer("/epcisBody/queryResults/resultsBody/eventList").and_then(Value::as_array);
    let list = list.ok_or_else(|| content("it is no EPCISQueryDocument with a list of events".to_owned()))?;
    let recorded = list.iter().filter_map(|event| {
        let text = event.get("recordTime")?.as_str()?;
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
    });
    let (latest, events) = (recorded.max(), list.len());
    if let (Some(latest), Some(document)) = (latest, document.as_object_mut()) {
        let date = latest.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        document.insert("creationDate".to_owned(), Value::String(date));
    }
    let body = document.to_string().into_bytes();
    let identity = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Page { identity, events, latest, next, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(query: &str) -> Settings {
        let pull = Pull { query: query.to_owned(), ..Pull::default() };
        Settings {
            url: "https://a.example/epcis".to_owned(),
            authorization: None,
            push: None,
            pull: Some(pull),
        }
    }

    fn check(query: &str, since: Option<&str>, expected: &str) {
        let since = since.map(|text| DateTime::parse_from_rfc3339(text).unwrap().to_utc());
        assert_eq!(
            first(&settings(query), since).unwrap(),
            format!("https://a.example/epcis/events?{expected}")
        );
    }

    #[test]
    fn a_question_has_what_came_since() {
        check("", None, "perPage=100");
        check(
            "EQ_bizStep=shipping",
            Some("2026-11-23T01:02:03.004Z"),
            "EQ_bizStep=shipping&GE_recordTime=2026-11-23T01%3A02%3A03.004Z&perPage=100",
        );
        check("a=%2B", None, "a=%2B&perPage=100");
    }

    #[test]
    fn the_next_page_is_the_one_that_is_named_so() {
        for (header, next) in [
            (
                r#"<https://a.example/e?nextPageToken=7>; rel="next""#,
                Some("https://a.example/e?nextPageToken=7"),
            ),
            (r#"</e?7>; title="x"; rel=next, </a>; rel=prev"#, Some("/e?7")),
            (r#"</a>; rel="prev""#, None),
            ("", None),
        ] {
            assert_eq!(next_link(header), next, "{header}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_events() {
        let page = |created: &str, events: &str| {
            let text = format!(
                r#"{{"creationDate":"{created}","epcisBody":{{"queryResults":{{"resultsBody":{{"eventList":[{events}]}}}}}}}}"#
            );
            read("https://a.example", text.as_bytes(), None).unwrap()
        };
        let one = r#"{"recordTime":"2026-11-23T01:00:00+01:00"},{"recordTime":"2026-11-22T23:00:00.5Z"}"#;
        let (first, again, other) = (page("a", one), page("b", one), page("a", r#"{"recordTime":"x"}"#));
        assert_eq!((&first.identity, &first.body, first.events), (&again.identity, &again.body, 2));
        assert_eq!(first.latest.unwrap().to_rfc3339(), "2026-11-23T00:00:00+00:00");
        assert!(other.identity != first.identity && other.latest.is_none());
        assert!(read("https://a.example", b"[]", None).is_err());
    }
}
