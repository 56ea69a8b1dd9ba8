//! Problems: every failure as the standard names it, in JSON or XML (EPCIS 2.0 REST binding, RFC 7807).

use std::fmt;

use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::ResponseError;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::RETRY_AFTER;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::finding::Finding;
use crate::capture::CaptureError;
use crate::epcis::CaptureDefect;
use crate::export::ExportError;
use crate::formats::XmlText;
use crate::store::QueryError;
use crate::store::StoreError;

/// Namespace of what we add to the standard's problem in XML.
const OURS: &str = "urn:epcgate:problem";

/// The failures an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The document or event is not valid.
    Validation,
    /// A query parameter is unknown or its value is not valid.
    QueryParameter,
    /// The resource does not exist.
    NoSuchName,
    /// What the client accepts cannot be served.
    NotAcceptable,
    /// An event of this identifier exists with other content.
    ResourceAlreadyExists,
    /// The document is larger than the capture limit.
    CaptureLimitExceeded,
    /// The answer would be larger than the limit.
    QueryTooLarge,
    /// The question would take too long to answer.
    QueryTooComplex,
    /// The URL is too long.
    UriTooLong,
    /// The body is of a kind that is not read here.
    UnsupportedMediaType,
    /// The fault is ours.
    Implementation,
    /// We cannot serve this now, but will be able to.
    Unavailable,
    /// The database has no room left; what is stored is still served.
    InsufficientStorage,
    /// Nobody proved who asks.
    Unauthorized,
    /// Who asks may not.
    Forbidden,
    /// The resource does not have the method. The standard has no name for it.
    MethodNotAllowed,
    /// What is asked for does not fit the state of the resource. The standard has no name for it.
    Conflict,
    /// The body came too slowly. The standard has no name for it.
    RequestTimeout,
    /// Who was asked for us failed.
    Upstream,
    /// Who was asked for us did not answer in time.
    UpstreamLate,
}

impl Failure {
    /// The standard's name, or `about:blank` where it has none and the status says all (RFC 7807 §4.2).
    pub fn name(self) -> &'static str {
        match self {
            Failure::Validation => "epcisException:ValidationException",
            Failure::QueryParameter => "epcisException:QueryParameterException",
            Failure::NoSuchName => "epcisException:NoSuchNameException",
            Failure::NotAcceptable => "epcisException:NotAcceptableException",
            Failure::ResourceAlreadyExists => "epcisException:ResourceAlreadyExistsException",
            Failure::CaptureLimitExceeded => "epcisException:CaptureLimitExceededException",
            Failure::QueryTooLarge => "epcisException:QueryTooLargeException",
            Failure::QueryTooComplex => "epcisException:QueryTooComplexException",
            Failure::UriTooLong => "epcisException:URITooLongException",
            Failure::UnsupportedMediaType => "epcisException:UnsupportedMediaTypeException",
            Failure::Unauthorized | Failure::Forbidden => "epcisException:SecurityException",
            Failure::Implementation
            | Failure::Unavailable
            | Failure::InsufficientStorage
            | Failure::Upstream
            | Failure::UpstreamLate => "epcisException:ImplementationException",
            Failure::MethodNotAllowed | Failure::RequestTimeout | Failure::Conflict => "about:blank",
        }
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Failure::Validation | Failure::QueryParameter => StatusCode::BAD_REQUEST,
            Failure::NoSuchName => StatusCode::NOT_FOUND,
            Failure::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Failure::ResourceAlreadyExists | Failure::Conflict => StatusCode::CONFLICT,
            Failure::CaptureLimitExceeded | Failure::QueryTooLarge | Failure::QueryTooComplex => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Failure::UriTooLong => StatusCode::URI_TOO_LONG,
            Failure::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Failure::Implementation => StatusCode::INTERNAL_SERVER_ERROR,
            Failure::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Failure::InsufficientStorage => StatusCode::INSUFFICIENT_STORAGE,
            Failure::Unauthorized => StatusCode::UNAUTHORIZED,
            Failure::Forbidden => StatusCode::FORBIDDEN,
            Failure::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Failure::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Failure::Upstream => StatusCode::BAD_GATEWAY,
            Failure::UpstreamLate => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What it is, in a few words that are the same each time.
    pub fn title(self) -> &'static str {
        match self {
            Failure::Validation => "The document is not valid",
            Failure::QueryParameter => "A query parameter is not valid",
            Failure::NoSuchName => "Resource not found",
            Failure::NotAcceptable => "No acceptable form of the answer",
            Failure::ResourceAlreadyExists => "Resource already exists",
            Failure::CaptureLimitExceeded => "Capture limit exceeded",
            Failure::QueryTooLarge => "The answer is too large",
            Failure::QueryTooComplex => "The question is too costly",
            Failure::UriTooLong => "The URL is too long",
            Failure::UnsupportedMediaType => "Unsupported media type",
            Failure::Implementation => "Internal failure",
            Failure::Unavailable => "Not available at present",
            Failure::InsufficientStorage => "No room left",
            Failure::Unauthorized => "Not authenticated",
            Failure::Forbidden => "Not permitted",
            Failure::MethodNotAllowed => "Method Not Allowed",
            Failure::RequestTimeout => "Request Timeout",
            Failure::Conflict => "Conflict",
            Failure::Upstream => "Who answers cannot be reached",
            Failure::UpstreamLate => "Who answers is too slow",
        }
    }
}

/// A failure with what the client needs to mend it.
#[derive(Debug)]
pub struct Problem {
    failure: Failure,
    detail: String,
    finding: Option<Box<Finding>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem as RFC 7807 has it, with our members of a finding beside the standard's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body<'a> {
    /// `type`.
    #[serde(rename = "type")]
    pub name: &'a str,
    /// `title`.
    pub title: &'a str,
    /// `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `detail`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub detail: &'a str,
    /// Where in the document.
    #[serde(flatten)]
    pub finding: Option<&'a Finding>,
}

impl Body<'_> {
    /// Writes the content of an XML problem, the standard's elements first (EPCIS 2.0 XSD, RFC7807ProblemResponseBodyType).
    pub fn write_xml(&self, out: &mut String) {
        let mut element = |name: &str, text: &str| {
            if !text.is_empty() {
                *out += &format!("<{name}>{}</{name}>", XmlText(text));
            }
        };
        element("type", self.name);
        element("title", self.title);
        element("status", &self.status.map(|status| status.to_string()).unwrap_or_default());
        element("detail", self.detail);
        for (name, text) in self.finding.into_iter().flat_map(Finding::members) {
            *out += &format!("<epcgate:{name} xmlns:epcgate=\"{OURS}\">{}</epcgate:{name}>", XmlText(&text));
        }
    }
}

impl Problem {
    /// A problem with a sentence for the client.
    pub fn new(failure: Failure, detail: impl Into<String>) -> Problem {
        Problem { failure, detail: detail.into(), finding: None, headers: Vec::new() }
    }

    /// The kind of failure.
    pub fn failure(&self) -> Failure {
        self.failure
    }

    /// What is wrong at a place of the document sent.
    pub fn at(failure: Failure, message: &str, finding: Finding) -> Problem {
        let detail = finding.describe(message);
        Problem { failure, detail, finding: Some(Box::new(finding)), headers: Vec::new() }
    }

    /// A fault of ours: the client learns no more than that, the log learns all.
    pub fn internal(error: &dyn fmt::Display) -> Problem {
        tracing::error!(%error, "a request failed");
        Problem::new(Failure::Implementation, "the gateway failed; its log says why")
    }

    /// What cannot be served for the moment, and may be asked for again in five seconds.
    pub fn later(detail: &str) -> Problem {
        Problem::new(Failure::Unavailable, detail).with_header(RETRY_AFTER, HeaderValue::from_static("5"))
    }

    /// The same problem with a header in its answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// The answer in JSON (`application/problem+json`).
    pub fn to_json(&self) -> HttpResponse {
        let body = serde_json::to_string_pretty(&self.body()).unwrap_or_default();
        self.begin().content_type("application/problem+json").body(body + "\n")
    }

    /// The answer in XML (`application/problem+xml`).
    pub fn to_xml(&self) -> HttpResponse {
        let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        body += "<epcis:EPCISException xmlns:epcis=\"urn:epcglobal:epcis:xsd:2\">";
        self.body().write_xml(&mut body);
        body += "</epcis:EPCISException>\n";
        self.begin().content_type("application/problem+xml").body(body)
    }

    fn body(&self) -> Body<'_> {
        Body {
            name: self.failure.name(),
            title: self.failure.title(),
            status: Some(self.failure.status().as_u16()),
            detail: &self.detail,
            finding: self.finding.as_deref(),
        }
    }

    fn begin(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.failure.status());
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        if matches!(self.failure, Failure::RequestTimeout | Failure::CaptureLimitExceeded) {
            // What is still to come of the body is not waited for.
            response.force_close();
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.failure.title(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.failure.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.to_json()
    }
}

impl From<actix_web::error::BlockingError> for Problem {
    fn from(error: actix_web::error::BlockingError) -> Problem {
        tracing::warn!(%error, "a request was dropped");
        Problem::new(Failure::Unavailable, "the gateway is stopping; send the request again")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Unavailable(_) | StoreError::Io(_) => {
                tracing::error!(%error, "the store does not answer");
                Problem::later("the store does not answer at present; send the request again")
            }
            StoreError::Full(_) => {
                tracing::error!(%error, "the store is full");
                let detail = "the gateway has no room left for documents; send the request again later";
                Problem::new(Failure::InsufficientStorage, detail)
                    .with_header(RETRY_AFTER, HeaderValue::from_static("60"))
            }
            StoreError::OutOfSight => Problem::new(Failure::Forbidden, error.to_string()),
            error => Problem::internal(&error),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Problem {
        match error {
            QueryError::Fault(fault) => Problem::new(Failure::QueryParameter, fault.to_string()),
            QueryError::TooLarge(_) => Problem::new(Failure::QueryTooLarge, error.to_string()),
            QueryError::TooComplex => Problem::new(Failure::QueryTooComplex, error.to_string()),
            QueryError::Store(error) => Problem::from(error),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Problem {
        match error {
            ExportError::Refused(reasons) => Problem::new(Failure::Validation, reasons.join("; ")),
            ExportError::NotFound(detail) => Problem::new(Failure::NoSuchName, detail),
            ExportError::TooMuch(detail) => Problem::new(Failure::QueryTooLarge, detail),
            ExportError::Hierarchy(error) => Problem::new(Failure::QueryTooComplex, error.to_string()),
            ExportError::Store(error) => Problem::from(error),
        }
    }
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Problem {
        match error {
            CaptureError::Defect(defect) => {
                let defect = CaptureDefect::from(&*defect);
                Problem::at(Failure::Validation, &defect.message, Finding::from(&defect))
            }
            CaptureError::Store(error) => Problem::from(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;

    use super::*;

    fn text(response: HttpResponse) -> String {
        let bytes = response.into_body().try_into_bytes().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn finding() -> Finding {
        Finding {
            rule: "event-time-zone".to_owned(),
            event: Some(2),
            line: Some(7),
            column: Some(3),
            path: "EPCISDocument/EPCISBody".to_owned(),
            identifier: None,
            fix: "add <Z>".to_owned(),
            help: None,
        }
    }

    #[test]
    fn json_has_the_standards_members_and_ours() {
        let problem = Problem::at(Failure::Validation, "eventTime has no zone", finding());
        let json: serde_json::Value = serde_json::from_str(&text(problem.to_json())).unwrap();
        assert_eq!(json["type"], "epcisException:ValidationException");
        assert_eq!(json["status"], 400);
        assert_eq!(json["line"], 7);
        assert_eq!(
            json["detail"],
            "Event 2: eventTime has no zone (line 7, column 3, at EPCISDocument/EPCISBody) [event-time-zone]; add <Z>"
        );
    }

    #[test]
    fn xml_escapes_and_keeps_the_order_of_the_schema() {
        let xml = text(Problem::at(Failure::NoSuchName, "a < b \u{1}", finding()).to_xml());
        assert!(
            xml.contains("<type>epcisException:NoSuchNameException</type><title>Resource not found</title>")
        );
        assert!(xml.contains("<status>404</status><detail>Event 2: a &lt; b \u{fffd}"));
        assert!(
            xml.contains("<epcgate:fix xmlns:epcgate=\"urn:epcgate:problem\">add &lt;Z&gt;</epcgate:fix>")
        );
    }

    #[test]
    fn a_store_that_fails_says_whether_to_try_again() {
        for (error, status, pause) in [
            (StoreError::Full("disk sda1".to_owned()), 507, Some("60")),
            (StoreError::Unavailable("host db7".to_owned()), 503, Some("5")),
            (StoreError::Damaged("row 9".to_owned()), 500, None),
        ] {
            let answer = Problem::from(error).to_json();
            assert_eq!(answer.status().as_u16(), status);
            let told = answer.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(told, pause);
            let json = text(answer);
            assert!(json.contains("ImplementationException"), "{json}");
            assert!(!json.contains("sda1") && !json.contains("db7") && !json.contains("row 9"), "{json}");
        }
    }

    #[test]
    fn a_fault_of_ours_tells_nothing_to_the_client() {
        let json = text(Problem::internal(&"disk sda1 is on fire").to_json());
        assert!(!json.contains("sda1"));
    }
}
