//! Sign in: by password or with an OpenID provider, by a one-time link, and out again.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::cookie::SameSite;
use actix_web::cookie::time::Duration;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web;
use actix_web::web::Data;
use askama::Template;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::access;
use crate::access::Believed;
use crate::access::Identity;
use crate::access::OneTimeLink;
use crate::access::PASSWORD_LEAST;
use crate::access::Patience;
use crate::access::Person;
use crate::access::Provider;
use crate::access::Role;
use crate::access::SESSION_COOKIE;
use crate::access::Secrets;
use crate::access::Session;
use crate::access::SignIn;
use crate::access::Token;
use crate::access::password_fits;
use crate::access::password_kept;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport;
use crate::ui::page;

/// Passwords worked on at one time, each with 19 MiB.
const AT_ONCE: usize = 2;

/// What a browser holds while it is at a provider.
const AWAY_COOKIE: &str = "__Host-epcgate-sign-in";

/// How long it may stay there.
const AWAY: TimeDelta = TimeDelta::minutes(10);

/// What is said of any sign-in that fails, so that nobody learns which names there are.
const WRONG: &str = "The sign-in name or the password is not right.";

/// What signing in uses. Clones share it.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    store: Store,
    settings: access::Settings,
    providers: Vec<Provider>,
    patience: Patience,
    turns: Semaphore,
}

impl Door {
    /// A door to this gateway, with those who sign people in for us.
    pub fn new(store: &Store, settings: &access::Settings, providers: Vec<Provider>) -> Door {
        Door(Arc::new(Inner {
            store: store.clone(),
            settings: settings.clone(),
            providers,
            patience: Patience::default(),
            turns: Semaphore::new(AT_ONCE),
        }))
    }
}

/// The page of signing in.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    target: &'a str,
    login: &'a str,
    error: &'a str,
    query: String,
    providers: Vec<&'a str>,
}

/// The page behind a one-time link.
#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUpPage<'a> {
    person: Option<&'a Person>,
    station: bool,
    login: &'a str,
    name: &'a str,
    error: &'a str,
    least: usize,
}

/// The page that is wanted after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    to: String,
}

/// What the form of signing in sends.
#[derive(Deserialize)]
pub struct Entered {
    login: String,
    password: String,
    #[serde(default)]
    to: String,
}

/// What the form behind a one-time link sends.
#[derive(Default, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// What a provider sends back.
#[derive(Debug, Deserialize)]
pub struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    iss: Option<String>,
}

/// Sends somebody to the form, and back to where they wanted to go.
pub fn first(request: &HttpRequest) -> HttpResponse {
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    sent_on(&format!("/sign-in?to={}", escaped(local(wanted))), &[])
}

/// The form (`GET /sign-in`).
pub async fn ask(door: Data<Door>, wanted: web::Query<Wanted>) -> HttpResponse {
    asked(&door, StatusCode::OK, (local(&wanted.to), "", ""))
}

fn asked(door: &Door, status: StatusCode, (target, login, error): (&str, &str, &str)) -> HttpResponse {
    let providers = door.0.providers.iter().map(Provider::name).collect();
    page::with(status, &SignInPage { target, login, error, query: escaped(target), providers })
}

/// Signs in by password (`POST /sign-in`).
pub async fn enter(request: HttpRequest, door: Data<Door>, entered: web::Form<Entered>) -> HttpResponse {
    let now = Utc::now();
    let Entered { login, password, to } = entered.into_inner();
    let (login, target) = (login.trim().to_lowercase(), local(&to).to_owned());
    let names = watched(&request, &login);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(wait) = door.0.patience.wait(&names, now) {
        let seconds = wait.num_seconds() + 1;
        let words = format!("Too many tries. Try again in {seconds} seconds.");
        let mut response = asked(&door, StatusCode::TOO_MANY_REQUESTS, (&target, &login, &words));
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
        return response;
    }
    let Ok(_turn) = door.0.turns.acquire().await else { return page::failed(&"the door is closed") };
    let (store, name) = (door.0.store.clone(), login.clone());
    let found = web::block(move || -> Result<_, StoreError> {
        let person = store.person_of_login(&name)?;
        let kept = person.as_ref().and_then(|person| person.password.as_deref());
        let fits = password_fits(&password, kept);
        let good = person.filter(|person| fits && person.admits(now).is_ok());
        if good.is_none() {
            store.sign_in_refused(&name, "password", now)?;
        }
        Ok(good)
    });
    match found.await {
        Ok(Ok(Some(person))) => {
            door.0.patience.succeeded(names.first().copied().unwrap_or_default());
            let signed = signed_in(&request, &door, person, "password").await;
            signed.map_or_else(|error| page::failed(&error), |cookie| sent_on(&target, &[cookie]))
        }
        Ok(Ok(None)) => {
            door.0.patience.failed(&names, now);
            asked(&door, StatusCode::UNAUTHORIZED, (&target, &login, WRONG))
        }
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// Signs out (`POST /sign-out`).
pub async fn leave(request: HttpRequest, door: Data<Door>) -> HttpResponse {
    let store = door.0.store.clone();
    if let Some(token) = held(&request, SESSION_COOKIE) {
        match web::block(move || store.close_session(&token.digest())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return page::failed(&error),
            Err(error) => return page::failed(&error),
        }
    }
    sent_on("/sign-in", &[cookie(SESSION_COOKIE, String::new(), TimeDelta::zero())])
}

/// Sends a browser to a provider (`GET /sign-in/with/{provider}`).
pub async fn go(door: Data<Door>, name: web::Path<String>, wanted: web::Query<Wanted>) -> HttpResponse {
    let Some(provider) = door.0.providers.iter().find(|provider| provider.name() == *name) else {
        return page::not_found("There is no such provider to sign in with.");
    };
    let (Some(state), Some(nonce), Some(verifier), Some(browser)) = (token(), token(), token(), token())
    else {
        return page::failed(&"the system gives no random bytes");
    };
    let secrets = Secrets { state, nonce, verifier };
    let begun = match provider.begin(&secrets).await {
        Ok(begun) => begun,
        Err(error) => return page::failed(&error),
    };
    let now = Utc::now();
    let sign_in = SignIn {
        state: secrets.state.digest(),
        browser: browser.digest(),
        provider: provider.name().to_owned(),
        nonce: secrets.nonce.reveal(),
        verifier: secrets.verifier.reveal(),
        target: local(&wanted.to).to_owned(),
        ends_at: now + AWAY,
    };
    let store = door.0.store.clone();
    match web::block(move || store.add_sign_in(&sign_in, now)).await {
        Ok(Ok(())) => sent_on(&begun.url, &[cookie(AWAY_COOKIE, browser.reveal(), AWAY)]),
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// Signs in whom a provider has sent back (`GET /sign-in/back`).
pub async fn back(request: HttpRequest, door: Data<Door>, back: web::Query<Back>) -> HttpResponse {
    let failed = |why: &str| {
        tracing::warn!(why, "a sign-in with a provider failed");
        let words = "The sign-in did not come to its end. Try again.";
        asked(&door, StatusCode::UNAUTHORIZED, ("/", "", words))
    };
    let now = Utc::now();
    let (Some(state), Some(browser)) = (Token::parse(&back.state), held(&request, AWAY_COOKIE)) else {
        return failed("the browser was not sent there by us");
    };
    let store = door.0.store.clone();
    let sign_in = match web::block(move || store.take_sign_in(&state.digest(), now)).await {
        Ok(Ok(Some(sign_in))) if sign_in.browser == browser.digest() => sign_in,
        Ok(Ok(_)) => return failed("this state is none that is waited for"),
        Ok(Err(error)) => return page::failed(&error),
        Err(error) => return page::failed(&error),
    };
    let Some(provider) = door.0.providers.iter().find(|provider| provider.name() == sign_in.provider) else {
        return failed("its provider is gone");
    };
    if back.iss.as_deref().is_some_and(|issuer| issuer != provider.issuer()) {
        return failed("another issuer answers");
    }
    let believed = match provider.finish(&back.code, &sign_in.nonce, &sign_in.verifier).await {
        Ok(believed) => believed,
        Err(error) => return failed(&error.to_string()),
    };
    let store = door.0.store.clone();
    let known = web::block(move || known(&store, &believed, now));
    match known.await {
        Ok(Ok(Some(person))) => match signed_in(&request, &door, person, provider.name()).await {
            Ok(session) => {
                let gone = cookie(AWAY_COOKIE, String::new(), TimeDelta::zero());
                sent_on(&sign_in.target, &[session, gone])
            }
            Err(error) => page::failed(&error),
        },
        Ok(Ok(None)) => {
            let words = "You are known to the provider, but not here. Ask who lets people in.";
            asked(&door, StatusCode::FORBIDDEN, ("/", "", words))
        }
        Ok(Err(error)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// Who is this one here: bound to them before, or expected from this provider under a verified e-mail address.
fn known(store: &Store, believed: &Believed, now: DateTime<Utc>) -> Result<Option<Person>, StoreError> {
    let identity = Identity { issuer: believed.issuer.clone(), subject: believed.subject.clone() };
    let mut found = store.person_of_identity(&identity)?;
    if let (None, Some(email)) = (&found, &believed.email) {
        let expected = Identity { issuer: believed.issuer.clone(), subject: String::new() };
        found = store.person_of_login(email)?.filter(|person| person.identity.as_ref() == Some(&expected));
        if let Some(person) = &found {
            store.bind_identity(person, &believed.subject, now)?;
        }
    }
    let found = found.filter(|person| person.admits(now).is_ok());
    if found.is_none() {
        store.sign_in_refused(believed.email.as_deref().unwrap_or(&believed.subject), "not known", now)?;
    }
    Ok(found)
}

/// The page behind a one-time link (`GET /set-up/{token}`).
pub async fn set_up(door: Data<Door>, token: web::Path<String>) -> HttpResponse {
    match link(&door, &token).await {
        Ok((_, person)) => set_up_page(StatusCode::OK, person.as_ref(), &Chosen::default(), ""),
        Err(response) => response,
    }
}

fn set_up_page(status: StatusCode, person: Option<&Person>, chosen: &Chosen, error: &str) -> HttpResponse {
    let (login, name) = (chosen.login.as_str(), chosen.name.as_str());
    let station = person.is_some_and(|person| person.station);
    page::with(status, &SetUpPage { person, station, login, name, error, least: PASSWORD_LEAST })
}

async fn link(door: &Door, token: &str) -> Result<(OneTimeLink, Option<Person>), HttpResponse> {
    let gone = || page::not_found("This link was used, is too old, or never was one. Ask for another.");
    let token = Token::parse(token).ok_or_else(gone)?;
    let (store, now) = (door.0.store.clone(), Utc::now());
    match web::block(move || store.link(&token.digest(), now)).await {
        Ok(Ok(Some((link, person)))) if person.as_ref().is_none_or(|it| it.admits(now).is_ok()) => {
            Ok((link, person))
        }
        Ok(Ok(_)) => Err(gone()),
        Ok(Err(error)) => Err(page::failed(&error)),
        Err(error) => Err(page::failed(&error)),
    }
}

/// Sets the first password of somebody, or signs a station in (`POST /set-up/{token}`).
pub async fn choose(
    request: HttpRequest,
    door: Data<Door>,
    token: web::Path<String>,
    chosen: web::Form<Chosen>,
) -> HttpResponse {
    let (link, person) = match link(&door, &token).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(_turn) = door.0.turns.acquire().await else { return page::failed(&"the door is closed") };
    let (store, chosen) = (door.0.store.clone(), chosen.into_inner());
    let done = web::block(move || {
        let done = settle(&store, &link, person.as_ref(), &chosen, Utc::now());
        (done, person, chosen)
    });
    match done.await {
        Ok((Ok(Ok(person)), _, _)) => {
            let signed = signed_in(&request, &door, person, "link").await;
            signed.map_or_else(|error| page::failed(&error), |cookie| sent_on("/", &[cookie]))
        }
        Ok((Ok(Err(words)), person, chosen)) => {
            set_up_page(StatusCode::BAD_REQUEST, person.as_ref(), &chosen, &words)
        }
        Ok((Err(error), _, _)) => page::failed(&error),
        Err(error) => page::failed(&error),
    }
}

/// Does what a link is for; who is then signed in, or in words why not.
fn settle(
    store: &Store,
    link: &OneTimeLink,
    person: Option<&Person>,
    chosen: &Chosen,
    now: DateTime<Utc>,
) -> Result<Result<Person, String>, StoreError> {
    const LATE: &str = "This link was used just now. Ask for another.";
    if let Some(station) = person.filter(|person| person.station) {
        let used = store.use_link(link, None, now)?;
        return Ok(if used { Ok(station.clone()) } else { Err(LATE.to_owned()) });
    }
    if chosen.password != chosen.again {
        return Ok(Err("The two passwords are not the same.".to_owned()));
    }
    let login = person.map_or_else(|| chosen.login.trim().to_lowercase(), |person| person.login.clone());
    let Some(salt) = transport::random() else { return Ok(Err("Try again in a moment.".to_owned())) };
    let hash = match password_kept(&chosen.password, &login, &salt) {
        Ok(hash) => hash,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    if let Some(person) = person {
        let used = store.use_link(link, Some(&hash), now)?;
        return Ok(if used { Ok(person.clone()) } else { Err(LATE.to_owned()) });
    }
    let name = if chosen.name.trim().is_empty() { login.clone() } else { chosen.name.trim().to_owned() };
    let first = Person {
        id: Uuid::now_v7().to_string(),
        made_by: format!("person:{login}"),
        login,
        name,
        organisation: String::new(),
        station: false,
        roles: vec![Role::Compliance, Role::Administrator],
        glns: Vec::new(),
        password: Some(hash),
        identity: None,
        made_at: now,
        ends: None,
        revoked: None,
        seen: None,
    };
    if let Err(fault) = first.check() {
        return Ok(Err(fault.to_string()));
    }
    Ok(if store.add_first_person(&first)? { Ok(first) } else { Err(LATE.to_owned()) })
}

/// Opens a session for somebody, in place of the one that the browser had.
async fn signed_in(
    request: &HttpRequest,
    door: &Door,
    person: Person,
    how: &str,
) -> Result<Cookie<'static>, String> {
    let token = token().ok_or("the system gives no random bytes")?;
    let (now, settings) = (Utc::now(), &door.0.settings);
    let lasts = match person.station {
        true => TimeDelta::days(settings.station_days.into()),
        false => TimeDelta::hours(settings.session_hours.into()),
    };
    let session = Session {
        digest: token.digest(),
        person: person.id.clone(),
        made_at: now,
        used_at: now,
        ends_at: now + lasts,
    };
    let (store, before, how) = (door.0.store.clone(), held(request, SESSION_COOKIE), how.to_owned());
    let opened = web::block(move || {
        before.map_or(Ok(()), |before| store.close_session(&before.digest()))?;
        store.open_session(&session, &person, &how)
    });
    opened.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    Ok(cookie(SESSION_COOKIE, token.reveal(), lasts))
}

fn token() -> Option<Token> {
    transport::random().map(Token::new)
}

fn held(request: &HttpRequest, name: &str) -> Option<Token> {
    request.cookie(name).and_then(|cookie| Token::parse(cookie.value()))
}

/// A cookie that only this host gets, over HTTPS or on this machine, and that no script reads.
fn cookie(name: &'static str, value: String, lasts: TimeDelta) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(lasts.num_seconds()))
        .finish()
}

fn sent_on(target: &str, cookies: &[Cookie<'_>]) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, target));
    cookies.iter().for_each(|cookie| {
        response.cookie(cookie.clone());
    });
    response.finish()
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// A page of ours; the first one for whatever else is asked for.
fn local(target: &str) -> &str {
    let plain = target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/sign-");
    let sound = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && sound { target } else { "/" }
}

/// Under what failed tries are counted: the name, and the address unless it is one of this machine, behind which many may be.
fn watched(request: &HttpRequest, login: &str) -> Vec<String> {
    let address: Option<IpAddr> = request.peer_addr().map(|peer| peer.ip()).filter(|ip| !ip.is_loopback());
    let short: String = login.chars().take(100).collect();
    [Some(format!("name {short}")), address.map(|ip| format!("address {ip}"))].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_gone_on_to() {
        for (target, expected) in [
            ("/items/01/0031", "/items/01/0031"),
            ("/", "/"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: b", "/"),
            ("/sign-in", "/"),
        ] {
            assert_eq!(local(target), expected, "{target:?}");
        }
    }

    #[test]
    fn cookies_are_bound_to_this_host() {
        let text = cookie(SESSION_COOKIE, "x".to_owned(), TimeDelta::hours(1)).to_string();
        for word in ["__Host-epcgate=x", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=3600"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("Domain"));
    }
}
