//! Verifications: `/api/v1/verifications`. A package is asked about; what was asked and answered is shown.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use actix_web::web;
use actix_web::web::Bytes;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::DateTime;
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::api::Settings;
use crate::api::discovery;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::paging;
use crate::api::paging::Listing;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::dscsa::verification::Direction;
use crate::dscsa::verification::RequesterStatement;
use crate::dscsa::verification::Verdict;
use crate::dscsa::verification::VerificationRecord;
use crate::formats::verification::VerificationForm;
use crate::formats::verification::csv_headings;
use crate::gs1::Gtin;
use crate::gs1::ScannedDate;
use crate::store::JournalError;
use crate::store::Store;
use crate::store::VerificationFilter;
use crate::verify::Question;
use crate::verify::Verifier;
use crate::verify::VerifyError;

/// Packages that one request may ask about.
const MOST_SCANS: usize = 100;
/// Of these, how many are asked at one time.
const AT_ONCE: usize = 8;
/// Records fetched at one time for a table.
const PAGE: i64 = 1_000;
/// Characters that a value may have.
const MOST_TEXT: usize = 254;

/// What is asked: `scan`, or `scans`, or the four values of a label.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct VerificationQuestion {
    /// What a scanner or a person gives.
    pub scan: Option<String>,
    /// Several of these, at most 100.
    pub scans: Vec<String>,
    /// The trade item.
    pub gtin: String,
    /// Serial number.
    pub serial: String,
    /// Lot number.
    pub lot: String,
    /// Expiry, `YYMMDD`.
    pub expiry: String,
    /// What it is for; that of the settings where it is left out.
    pub context: String,
    /// True where we have the product in our possession or control (guideline 1.3).
    pub possession: Option<bool>,
    /// How to reach who asks (guideline 1.3).
    pub email: Option<String>,
    /// How to reach who asks (guideline 1.3).
    pub telephone: Option<String>,
    /// True where the values were typed.
    pub typed: bool,
}

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/verifications", "OPTIONS, GET, POST")
                .route(web::get().to(list))
                .route(web::post().to(verify)),
        )
        .service(discovery::resource("/verifications/{id}", "OPTIONS, GET").route(web::get().to(show)));
}

/// Asks whether one package, or several, is as its maker says, and what to do with it. A question that nobody answers in time
/// is `pending`: we keep asking, and `GET` of its `id` shows what came.
#[utoipa::path(post, path = "/api/v1/verifications", tag = "Verification",
    request_body(content = VerificationQuestion),
    responses((status = 200, description = "The verdict; `{\"verifications\": [...]}` in the order of `scans`.",
        body = VerificationForm)))]
pub async fn verify(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (verifier, limits): (Data<Verifier>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: VerificationQuestion = json_body::read(payload, request.headers(), &limits).await?;
    asked.check()?;
    let now = Utc::now();
    if asked.scans.is_empty() {
        let form = match &asked.scan {
            Some(scan) => of_scan((&verifier, &caller), &asked, scan, now).await?,
            None => of_question((&verifier, &caller), &asked.question()?, now).await?,
        };
        return Ok(HttpResponse::Ok().json(form));
    }
    let forms = stream::iter(&asked.scans).map(|scan| of_scan((&verifier, &caller), &asked, scan, now));
    let forms: Vec<Result<VerificationForm, Problem>> = forms.buffered(AT_ONCE).collect().await;
    let forms = forms.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(json!({ "verifications": forms })))
}

/// Lists what was asked by us and of us, the newest first; as a table, all of it at once.
#[utoipa::path(get, path = "/api/v1/verifications", tag = "Verification",
    params(("since" = Option<String>, Query, description = "Asked from this time on: a time with its zone, or a day."),
        ("until" = Option<String>, Query, description = "Asked before this time."),
        ("gtin" = Option<String>, Query), ("serial" = Option<String>, Query),
        ("requester" = Option<String>, Query, description = "GLN of who asked."),
        ("verdict" = Option<String>, Query, description = "`ok`, `wait`, `scan-problem` or `do-not-use`."),
        ("status" = Option<u16>, Query, description = "HTTP status of the answer; 0 where none came."),
        ("direction" = Option<String>, Query, description = "`asked` (by us) or `answered` (by us)."),
        ("format" = Option<String>, Query, description = "`json` (the default) or `csv`, which has all pages."),
        ("perPage" = Option<u32>, Query), ("nextPageToken" = Option<String>, Query)),
    responses((status = 200, description = "A page of verifications, or a table of all.",
        content((Object = "application/json"), (String = "text/csv")))))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    (store, settings): (Data<Store>, Data<Settings>),
) -> Result<HttpResponse, Problem> {
    let names = ["since", "until", "gtin", "serial", "requester", "verdict", "status", "direction", "format"];
    let listing = paging::listing(request.query_string(), &names, &settings)?;
    let filter = filter(&listing)?;
    match listing.value("format") {
        Some("csv") => return Ok(table(store, caller, filter)),
        None | Some("json") => negotiation::accepts_json(request.headers())?,
        Some(_) => return Err(wrong("format takes json or csv")),
    }
    let (size, after) = (listing.size, listing.token);
    let most = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let found = web::block(move || store.verifications(&caller, &filter, after.as_deref(), most)).await??;
    let mut response = HttpResponse::Ok();
    if let Some(last) = size.checked_sub(1).and_then(|last| found.get(last)).filter(|_| found.len() > size) {
        response.insert_header((LINK, paging::next(&request, &last.id)));
    }
    let shown: Vec<VerificationForm> = found.iter().take(size).map(VerificationForm::from).collect();
    Ok(response.json(json!({ "verifications": shown })))
}

/// One verification with its evidence: what was sent and received; and what was answered later to the same question.
#[utoipa::path(get, path = "/api/v1/verifications/{id}", tag = "Verification",
    params(("id" = String, Path)),
    responses((status = 200, description = "The verification.", body = Object)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || {
        let Some(record) = store.verification(&caller, &id)? else { return Ok(None) };
        let filter = VerificationFilter {
            since: Some(record.at),
            gtin: Gtin::parse(&record.gtin).ok(),
            serial: Some(record.serial.clone()),
            direction: Some(record.direction),
            ..VerificationFilter::default()
        };
        let mut later = store.verifications(&caller, &filter, None, PAGE)?;
        later.retain(|other| other.correlation == record.correlation && other.id > record.id);
        let pending = store.pending(&caller, &id)?;
        Ok::<_, crate::store::StoreError>(Some((record, later, pending)))
    });
    let (record, later, pending) = found
        .await??
        .ok_or_else(|| Problem::new(Failure::NoSuchName, "there is no verification of this name"))?;
    let mut form = VerificationForm::from(&record);
    form.pending = pending.is_some();
    let mut shown = serde_json::to_value(form).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        members.insert("evidence".to_owned(), serde_json::from_str(&record.evidence).unwrap_or(Value::Null));
        let later: Vec<VerificationForm> = later.iter().map(VerificationForm::from).collect();
        members.insert("later".to_owned(), json!(later));
        if let Some(pending) = pending {
            members.insert("askedAgainAt".to_owned(), json!(pending.next.to_rfc3339()));
        }
    }
    Ok(HttpResponse::Ok().json(shown))
}

async fn of_scan(
    (verifier, caller): (&Verifier, &Caller),
    asked: &VerificationQuestion,
    scan: &str,
    now: DateTime<Utc>,
) -> Result<VerificationForm, Problem> {
    match Question::of_text(scan, now) {
        Ok(question) => of_question((verifier, caller), &asked.complete(question), now).await,
        Err(judgement) => Ok(VerificationForm::judged(&judgement, now)),
    }
}

async fn of_question(
    (verifier, caller): (&Verifier, &Caller),
    question: &Question,
    now: DateTime<Utc>,
) -> Result<VerificationForm, Problem> {
    Ok(verifier.verify(caller, question, now).await?.form(question))
}

impl VerificationQuestion {
    fn check(&self) -> Result<(), Problem> {
        let fields = [&self.gtin, &self.serial, &self.lot, &self.expiry].iter().any(|text| !text.is_empty());
        let ways =
            usize::from(self.scan.is_some()) + usize::from(!self.scans.is_empty()) + usize::from(fields);
        if ways != 1 {
            let detail =
                "say what is asked: scan, or scans, or gtin, serial, lot and expiry, and no two of them";
            return Err(Problem::new(Failure::Validation, detail));
        }
        if self.scans.len() > MOST_SCANS {
            let detail =
                format!("scans has {} entries; {MOST_SCANS} may be asked at one time", self.scans.len());
            return Err(Problem::new(Failure::Validation, detail));
        }
        let texts = [Some(&self.context), self.email.as_ref(), self.telephone.as_ref()];
        let sound = |text: &&String| text.chars().count() <= MOST_TEXT && !text.chars().any(char::is_control);
        if !texts.iter().flatten().all(sound) {
            let detail =
                format!("context, email and telephone are one line of at most {MOST_TEXT} characters");
            return Err(Problem::new(Failure::Validation, detail));
        }
        Ok(())
    }

    /// The question that the four values ask.
    fn question(&self) -> Result<Question, Problem> {
        let invalid = |detail: String| Problem::new(Failure::Validation, detail);
        let gtin = Gtin::parse(&self.gtin).map_err(|fault| invalid(format!("gtin: {fault}")))?;
        let label = |name: &str, text: &str| {
            let sound =
                (1..=20).contains(&text.chars().count()) && text.chars().all(|c| c.is_ascii_graphic());
            if sound {
                Ok(text.into())
            } else {
                Err(invalid(format!("{name} has 1 to 20 characters, no spaces")))
            }
        };
        let expiry = ScannedDate::new(&self.expiry);
        let question = Question {
            gtin,
            serial: label("serial", &self.serial)?,
            lot: label("lot", &self.lot)?,
            expiry: expiry
                .ok_or_else(|| invalid("expiry is six digits, YYMMDD as on the label".to_owned()))?,
            context: Box::default(),
            statement: RequesterStatement::default(),
            doubtful: self.typed,
        };
        Ok(self.complete(question))
    }

    /// A question with what stands beside it.
    fn complete(&self, question: Question) -> Question {
        let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Into::into);
        Question {
            context: self.context.as_str().into(),
            statement: RequesterStatement {
                possession: self.possession,
                email: text(&self.email),
                telephone: text(&self.telephone),
            },
            doubtful: question.doubtful || self.typed,
            ..question
        }
    }
}

fn wrong(detail: impl Into<String>) -> Problem {
    Problem::new(Failure::QueryParameter, detail)
}

fn filter(listing: &Listing) -> Result<VerificationFilter, Problem> {
    let gtin = listing.value("gtin").map(Gtin::parse).transpose();
    let verdict = listing.value("verdict").map(|word| {
        Verdict::parse(word).ok_or_else(|| wrong("verdict takes ok, wait, scan-problem or do-not-use"))
    });
    let direction = listing
        .value("direction")
        .map(|word| Direction::parse(word).ok_or_else(|| wrong("direction takes asked or answered")));
    let status = listing
        .value("status")
        .map(|text| text.parse().map_err(|_| wrong("status takes a number, 0 where no answer came")));
    Ok(VerificationFilter {
        since: listing.value("since").map(moment).transpose()?,
        until: listing.value("until").map(moment).transpose()?,
        gtin: gtin.map_err(|fault| wrong(format!("gtin: {fault}")))?,
        serial: listing.value("serial").map(str::to_owned),
        requester: listing.value("requester").map(str::to_owned),
        verdict: verdict.transpose()?,
        status: status.transpose()?,
        direction: direction.transpose()?,
    })
}

/// A time with its zone, or the beginning of a day.
fn moment(text: &str) -> Result<DateTime<Utc>, Problem> {
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let day =
        || text.parse::<chrono::NaiveDate>().ok().map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc());
    time.or_else(day)
        .ok_or_else(|| wrong(format!("{text:?} is no time: write 2026-11-23T08:00:00Z, or a day 2026-11-23")))
}

/// Every verification as a table, sent page by page.
fn table(store: Data<Store>, caller: Caller, filter: VerificationFilter) -> HttpResponse {
    let rows = stream::unfold(Some((None::<String>, true)), move |place| {
        let (store, caller, filter) = (store.clone(), caller.clone(), filter.clone());
        async move {
            let (after, first) = place?;
            let page = web::block(move || store.verifications(&caller, &filter, after.as_deref(), PAGE));
            let rows = match page.await.map_err(Problem::from).and_then(|page| Ok(page?)) {
                Ok(page) => rows(&page, first).map(|text| (text, page.last().map(|last| last.id.clone()))),
                Err(problem) => Err(problem),
            };
            match rows {
                Ok((text, last)) => Some((Ok(Bytes::from(text)), last.map(|last| (Some(last), false)))),
                Err(problem) => Some((Err(problem), None)),
            }
        }
    });
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"verifications.csv\""))
        .streaming(rows)
}

fn rows(page: &[VerificationRecord], first: bool) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| Problem::internal(&error);
    let mut text = if first { csv_headings().map_err(failed)? } else { Vec::new() };
    for record in page {
        text.extend(VerificationForm::from(record).to_csv().map_err(failed)?);
    }
    Ok(text)
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Problem {
        match error {
            VerifyError::Store(error) => error.into(),
            VerifyError::Journal(JournalError::Store(error)) => Problem::internal(&error),
            error @ (VerifyError::Stopping | VerifyError::Journal(_)) => Problem::later(&error.to_string()),
        }
    }
}
