//! API keys: `/api/v1/keys`, made, listed and taken back.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::access::ApiKey;
use crate::access::Caller;
use crate::access::KeyText;
use crate::access::Revocation;
use crate::access::Role;
use crate::access::Scope;
use crate::access::SpeaksFor;
use crate::api::discovery;
use crate::api::json_body;
use crate::api::negotiation;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::formats::instant;
use crate::gs1::Gln;
use crate::store::Store;
use crate::transport;

/// Characters that the name of a key may have.
const MOST_NAME: usize = 100;

/// A key that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRequest {
    /// Whose it is.
    name: String,
    /// What it is good for: permissions such as `capture`, and roles such as `partner`.
    scopes: Vec<String>,
    /// GLNs that it is bound to: it sees what they are a party to, and asks in their name.
    #[serde(default)]
    glns: Vec<String>,
    /// True for one that is bound to no GLN.
    #[serde(default)]
    any_gln: bool,
    /// From when on it is no longer good: a date (its beginning in UTC), or a time with its offset.
    expires: Option<String>,
}

/// Why a key is taken back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// Why.
    #[serde(default)]
    reason: String,
}

/// A key as shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyForm {
    id: String,
    name: String,
    /// The key itself, in the answer to its making alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// `good`, `expired` or `revoked`.
    state: &'static str,
    any_gln: bool,
    glns: Vec<String>,
    scopes: Vec<&'static str>,
    made_at: String,
    made_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_why: Option<String>,
}

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/keys", "OPTIONS, GET, POST")
                .route(web::get().to(list))
                .route(web::post().to(add)),
        )
        .service(discovery::resource("/keys/{id}", "OPTIONS, GET").route(web::get().to(show)))
        .service(discovery::resource("/keys/{id}/revoke", "OPTIONS, POST").route(web::post().to(revoke)));
}

/// Makes a key, and shows it this once: only a digest of it is kept.
#[utoipa::path(post, path = "/api/v1/keys", tag = "Access", request_body = KeyRequest,
    responses((status = 201, description = "The key; `Location` names it.", body = KeyForm)))]
pub async fn add(
    request: HttpRequest,
    caller: Caller,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: KeyRequest = json_body::read(payload, request.headers(), &limits).await?;
    let random = transport::random().ok_or_else(|| Problem::internal(&"the system gives no random bytes"))?;
    let text = KeyText::new(&random);
    let key = asked.key(&text, caller.actor(), Utc::now())?;
    let form = KeyForm::of(&key, Some(&text), Utc::now());
    web::block(move || store.add_key(&caller, &key)).await??;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/api/v1/keys/{}", form.id))).json(form))
}

/// Lists keys, the oldest first, those that were taken back and have expired too.
#[utoipa::path(get, path = "/api/v1/keys", tag = "Access",
    responses((status = 200, description = "`keys`; the keys themselves are not kept.", body = Object)))]
pub async fn list(request: HttpRequest, caller: Caller, store: Data<Store>) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || store.keys(&caller)).await??;
    let now = Utc::now();
    let shown: Vec<KeyForm> = found.iter().map(|key| KeyForm::of(key, None, now)).collect();
    Ok(HttpResponse::Ok().json(json!({ "keys": shown })))
}

/// One key.
#[utoipa::path(get, path = "/api/v1/keys/{id}", tag = "Access",
    params(("id" = String, Path, description = "The ten digits at the beginning of the key")),
    responses((status = 200, description = "The key as it stands.", body = KeyForm)))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let found = web::block(move || store.keys(&caller)).await??;
    let key = found.iter().find(|key| key.id == *id).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(KeyForm::of(key, None, Utc::now())))
}

/// Takes a key back: it opens nothing a second later.
#[utoipa::path(post, path = "/api/v1/keys/{id}/revoke", tag = "Access", request_body = RevokeRequest,
    params(("id" = String, Path, description = "The ten digits at the beginning of the key")),
    responses((status = 200, description = "The key as it then is.", body = KeyForm)))]
pub async fn revoke(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
    (store, limits): (Data<Store>, Data<Limits>),
) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    let asked: RevokeRequest = json_body::read(payload, request.headers(), &limits).await?;
    let revoked = Revocation { at: Utc::now(), by: caller.actor().to_owned(), why: asked.reason };
    let key = web::block(move || store.revoke_key(&caller, &id, &revoked)).await??;
    let key = key.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(KeyForm::of(&key, None, Utc::now())))
}

fn missing() -> Problem {
    Problem::new(Failure::NoSuchName, "there is no API key of this name")
}

impl KeyRequest {
    fn key(self, text: &KeyText, by: &str, now: DateTime<Utc>) -> Result<ApiKey, Problem> {
        let invalid = |detail: String| Problem::new(Failure::Validation, detail);
        let name = self.name.trim();
        if !(1..=MOST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(invalid(format!("name is one line of 1 to {MOST_NAME} characters")));
        }
        if self.any_gln != self.glns.is_empty() {
            return Err(invalid(
                "say whom the key is bound to: glns, or anyGln true, and not both".to_owned(),
            ));
        }
        let glns = self.glns.iter().map(|gln| Gln::parse(gln)).collect::<Result<_, _>>();
        let scopes = self.scopes.iter().map(|word| {
            Scope::parse(word)
                .ok_or_else(|| invalid(format!("scopes: {word:?} is no permission and no role")))
        });
        let scopes: Vec<Scope> = scopes.collect::<Result<_, _>>()?;
        if scopes.is_empty() || self.any_gln && scopes.contains(&Scope::Is(Role::Partner)) {
            return Err(invalid(
                "scopes names one at least; that of a partner goes with its glns".to_owned(),
            ));
        }
        let expires = self.expires.as_deref().map(instant::parse).transpose();
        let expires = expires.map_err(|fault| invalid(format!("expires: {fault}")))?;
        if expires.is_some_and(|end| end <= now) {
            return Err(invalid("expires lies in the past".to_owned()));
        }
        Ok(ApiKey {
            id: text.id().to_owned(),
            name: name.to_owned(),
            digest: text.digest(),
            speaks_for: match self.any_gln {
                true => SpeaksFor::Any,
                false => SpeaksFor::These(glns.map_err(|fault| invalid(format!("glns: {fault}")))?),
            },
            scopes,
            made_at: now,
            made_by: by.to_owned(),
            expires,
            revoked: None,
            used: None,
        })
    }
}

impl KeyForm {
    fn of(key: &ApiKey, text: Option<&KeyText>, now: DateTime<Utc>) -> KeyForm {
        let time = |when: DateTime<Utc>| when.to_rfc3339_opts(SecondsFormat::Secs, true);
        let glns = match &key.speaks_for {
            SpeaksFor::Any => Vec::new(),
            SpeaksFor::These(glns) => glns.iter().map(|gln| gln.as_str().to_owned()).collect(),
        };
        let state = match (&key.revoked, key.expires) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "good",
        };
        let revoked = key.revoked.as_ref();
        KeyForm {
            id: key.id.clone(),
            name: key.name.clone(),
            key: text.map(|text| text.reveal().to_owned()),
            state,
            any_gln: key.speaks_for == SpeaksFor::Any,
            glns,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            made_at: time(key.made_at),
            made_by: key.made_by.clone(),
            expires: key.expires.map(time),
            last_used: key.used.map(time),
            revoked_at: revoked.map(|revoked| time(revoked.at)),
            revoked_by: revoked.map(|revoked| revoked.by.clone()),
            revoked_why: revoked.map(|revoked| revoked.why.clone()),
        }
    }
}
