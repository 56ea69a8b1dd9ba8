//! Questions in URLs, and the link to the next page (EPCIS 2.0 REST binding, `perPage` and `nextPageToken`).

use actix_web::HttpRequest;

use crate::api::Settings;
use crate::api::address;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::epcis::query;
use crate::epcis::query::EventQuery;
use crate::epcis::query::Page;

const PER_PAGE: &str = "perPage";
const TOKEN: &str = "nextPageToken";

/// The question about events that a query string asks. Lists are delimited by `|`.
///
/// Fails with 400 on a parameter that is unknown, repeated or malformed.
pub fn question(query_string: &str, settings: &Settings) -> Result<(EventQuery, Page), Problem> {
    let pairs = pairs(query_string)?;
    let texts = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (query, mut page) =
        query::parse(texts).map_err(|fault| Problem::new(Failure::QueryParameter, fault.to_string()))?;
    if !pairs.iter().any(|(name, _)| name == PER_PAGE) {
        page.size = settings.per_page;
    }
    page.size = page.size.clamp(1, settings.most_per_page.max(1));
    Ok((query, page))
}

/// A page of something that cannot be searched: no other parameters are taken.
pub fn page(query_string: &str, settings: &Settings) -> Result<Page, Problem> {
    let (query, page) = question(query_string, settings)?;
    if query != EventQuery::default() {
        let detail = "this resource takes perPage and nextPageToken alone";
        return Err(Problem::new(Failure::QueryParameter, detail));
    }
    Ok(page)
}

/// What is asked of a list of ours: its parameters by name, the page's size, and where it begins.
#[derive(Debug)]
pub struct Listing {
    values: Vec<(String, String)>,
    /// Entries on the page.
    pub size: usize,
    /// What the page before ended with.
    pub token: Option<String>,
}

impl Listing {
    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A page of a list of ours that takes these parameters, besides perPage and nextPageToken.
///
/// Fails with 400 on a parameter that is unknown or repeated, and on a perPage that is no number above 0.
pub fn listing(query_string: &str, names: &[&str], settings: &Settings) -> Result<Listing, Problem> {
    let wrong = |detail: String| Problem::new(Failure::QueryParameter, detail);
    let mut listing = Listing { values: Vec::new(), size: settings.per_page, token: None };
    for (name, value) in pairs(query_string)? {
        if listing.value(&name).is_some() {
            return Err(wrong(format!("{name} is given twice")));
        }
        match name.as_str() {
            PER_PAGE => {
                let size = value.parse().ok().filter(|size| *size > 0);
                listing.size =
                    size.ok_or_else(|| wrong(format!("perPage {value:?} is no number above 0")))?;
            }
            TOKEN => listing.token = Some(value.clone()),
            name if names.contains(&name) => {}
            name => {
                let known = names.join(", ");
                return Err(wrong(format!(
                    "{name} is not known here; there are {known}, perPage and nextPageToken"
                )));
            }
        }
        listing.values.push((name, value));
    }
    listing.size = listing.size.clamp(1, settings.most_per_page.max(1));
    Ok(listing)
}

/// The `Link` header to the page of this token: the same question once more.
pub fn next(request: &HttpRequest, token: &str) -> String {
    let kept = request.query_string().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && address::decode(name).as_deref() != Some(TOKEN)
    });
    let token = format!("{TOKEN}={}", address::encode(token));
    let pairs: Vec<&str> = kept.chain([token.as_str()]).collect();
    format!("<{}?{}>; rel=\"next\"", request.uri().path(), pairs.join("&"))
}

/// The pairs of a query string, percent-decoded once. `+` stands for itself, as it does in the offset of a time; no value
/// of the standard has a space.
pub fn pairs(query_string: &str) -> Result<Vec<(String, String)>, Problem> {
    let decode = |text: &str| {
        address::decode(text).ok_or_else(|| {
            Problem::new(Failure::QueryParameter, "the query string is not percent-encoded UTF-8")
        })
    };
    query_string
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn settings() -> Settings {
        Settings { per_page: 30, most_per_page: 1_000, ..Settings::default() }
    }

    #[test]
    fn pages_have_a_size() {
        let size = |query: &str| page(query, &settings()).ok().map(|page| page.size);
        assert_eq!(size(""), Some(30));
        assert_eq!(size("perPage=7"), Some(7));
        assert_eq!(size("perPage=0"), None);
        assert_eq!(size("perPage=7&EQ_bizStep=shipping"), None);
        assert_eq!(size("perpage=7"), None);
        assert_eq!(size("%FF=7"), None);
    }

    #[test]
    fn lists_take_their_own_parameters() {
        let asked = |query: &str| listing(query, &["state"], &settings()).ok();
        let page = asked("state=all%20x&perPage=5000&nextPageToken=t").unwrap();
        assert_eq!(
            (page.value("state"), page.size, page.token.as_deref()),
            (Some("all x"), 1_000, Some("t"))
        );
        for wrong in ["stat=all", "state=a&state=b", "perPage=0", "perPage=x"] {
            assert!(asked(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_plus_in_a_time_is_a_plus() {
        assert!(question("GE_eventTime=2024-03-04T06:00:00+02:00", &settings()).is_ok());
        assert!(question("GE_eventTime=2024-03-04T06:00:00%2B02:00", &settings()).is_ok());
    }

    #[test]
    fn the_link_asks_the_same_with_the_next_token() {
        let request = TestRequest::with_uri("/epcis/events?EQ_bizStep=a%7Cb&nextPageToken=old&perPage=2")
            .to_http_request();
        assert_eq!(
            next(&request, "a/b="),
            "</epcis/events?EQ_bizStep=a%7Cb&perPage=2&nextPageToken=a%2Fb%3D>; rel=\"next\""
        );
    }
}
