//! Admission: before a request reaches its handler, who asks is found out, and whether they may.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::web::Data;
use chrono::Utc;

use crate::access;
use crate::access::Caller;
use crate::access::FormToken;
use crate::access::Mode;
use crate::access::Need;
use crate::access::Permission;
use crate::access::Turned;
use crate::access::VrsAccess;
use crate::access::Way;
use crate::api::caller;
use crate::api::certified::certified;
use crate::api::keyring::Keyring;
use crate::api::near;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::api::session;

/// What is shown to people who are turned away.
pub type TurnedPage = fn(&HttpRequest, Turned) -> HttpResponse;

/// Lets a request pass that may, with its [`Caller`] beside it; people who may not are shown the page.
pub async fn admit(request: &mut ServiceRequest, way: Way, page: TurnedPage) -> Result<(), Refusal> {
    let admitted = match found(request, way).await {
        Ok(None) => return Ok(()),
        Ok(Some(Found { caller, session })) => {
            let brings = match &session {
                Some(token) => Box::pin(session::brings(request, token)).await,
                None => true,
            };
            if brings { Ok((caller, session)) } else { Err(foreign()) }
        }
        Err(refused) => Err(refused),
    };
    match admitted {
        Ok((caller, session)) => {
            let mut extensions = request.extensions_mut();
            extensions.insert(caller);
            if let Some(token) = session {
                extensions.insert(token);
            }
            Ok(())
        }
        Err(Refused::Turned(why, _)) if matches!(way, Way::Listed { page: true, .. }) => {
            Err(Refusal::Told(page(request.request(), why)))
        }
        Err(Refused::Turned(_, problem) | Refused::Failed(problem)) => Err(Refusal::Failed(problem)),
    }
}

/// What a request that does not pass is answered with.
pub enum Refusal {
    /// A page for people.
    Told(HttpResponse),
    /// The words for machines.
    Failed(Problem),
}

/// Why a request does not pass.
enum Refused {
    /// Who asks may not: for people, and in the words for machines.
    Turned(Turned, Problem),
    /// It could not be found out.
    Failed(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused::Failed(problem)
    }
}

/// Who asks, with the token that the forms of their session bring along.
struct Found {
    caller: Caller,
    session: Option<FormToken>,
}

impl From<Caller> for Found {
    fn from(caller: Caller) -> Found {
        Found { caller, session: None }
    }
}

/// Who asks, where this may be asked by them; `None` where nobody need be known.
async fn found(request: &ServiceRequest, way: Way) -> Result<Option<Found>, Refused> {
    let discovers = request.method() == Method::OPTIONS && way == Way::OtherMethod;
    if discovers || way == (Way::Listed { need: Need::Anyone, page: false }) {
        return Ok(None);
    }
    let (Some(keyring), Some(settings)) =
        (request.app_data::<Data<Keyring>>(), request.app_data::<Data<access::Settings>>())
    else {
        return Err(Problem::internal(&"the gateway has no keys to let anyone in by").into());
    };
    let need = match way {
        Way::Listed { need, .. } => need,
        // The handlers say which methods there are, to those who may know.
        Way::OtherMethod => Need::Someone,
        Way::Unknown => return Err(nowhere()),
    };
    if need == Need::Anyone {
        return if near::is_own(request) { Ok(None) } else { Err(foreign()) };
    }
    let found = match caller::shown(request.headers())? {
        Some(key) => match keyring.admit(&key, Utc::now()).await? {
            Ok(caller) => caller.into(),
            Err(refusal) => return Err(caller::refused(&refusal.to_string()).into()),
        },
        // Apart, so that a request with a key does not carry around what these need.
        None => match Box::pin(certified(request.request())).await? {
            Some(caller) => caller.into(),
            None => match Box::pin(session::signed_in(request, settings, Utc::now())).await? {
                Some((caller, token)) => Found { caller, session: Some(token) },
                None => without_key(request, settings, need)?.into(),
            },
        },
    };
    match need {
        Need::May(permission) if !found.caller.may(permission) => {
            Err(not_permitted(&found.caller, permission))
        }
        _ if way == Way::OtherMethod && settings.mode == Mode::Closed => {
            let problem = Problem::new(Failure::MethodNotAllowed, "this resource does not have this method");
            Err(Refused::Failed(problem))
        }
        _ => Ok(Some(found)),
    }
}

fn without_key(request: &ServiceRequest, settings: &access::Settings, need: Need) -> Result<Caller, Refused> {
    let asks = need == Need::May(Permission::Verify);
    if asks && settings.vrs == VrsAccess::Open {
        return Ok(Caller::anyone());
    }
    if settings.mode == Mode::Closed || asks {
        return Err(unknown());
    }
    match near::is_near(request) && near::is_own(request) {
        true => Ok(Caller::operator()),
        false => Err(foreign()),
    }
}

fn unknown() -> Refused {
    let problem = caller::refused(
        "this needs an API key: send it as `Authorization: Bearer …` or `X-API-Key: …`; the operator makes one with \
         `epcgate keys add`",
    );
    Refused::Turned(Turned::NotSignedIn, problem)
}

fn not_permitted(caller: &Caller, permission: Permission) -> Refused {
    let detail = format!("{} may not do this, which needs the permission {permission}", caller.actor());
    Refused::Turned(Turned::NotPermitted, Problem::new(Failure::Forbidden, detail))
}

fn foreign() -> Refused {
    let detail = "this gateway answers only on its own machine, at a loopback address such as 127.0.0.1, and no other site; \
                  set access.mode = \"closed\" to let others in";
    Refused::Turned(Turned::NotFromHere, Problem::new(Failure::Forbidden, detail))
}

fn nowhere() -> Refused {
    let detail = "there is nothing of this name; the EPCIS interface is at /epcis";
    Refused::Turned(Turned::Nowhere, Problem::new(Failure::NoSuchName, detail))
}

/// Says how to prove who asks.
pub fn challenge(problem: Problem) -> Problem {
    problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"epcgate\""))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::middleware::from_fn;
    use actix_web::test;
    use actix_web::test::TestRequest;
    use actix_web::web;
    use chrono::TimeDelta;

    use crate::access::ApiKey;
    use crate::access::KeyText;
    use crate::access::Revocation;
    use crate::access::Role;
    use crate::access::Scope;
    use crate::access::SpeaksFor;
    use crate::api::passage::pass;
    use crate::gs1::Gln;
    use crate::store;
    use crate::store::Store;

    use super::*;

    const OWN: &str = "4012345000115";

    const ASK: &str = "/vrs/checkConnectivity";

    async fn handle(caller: Caller) -> HttpResponse {
        HttpResponse::Ok().body(caller.actor().to_owned())
    }

    fn page(_: &HttpRequest, why: Turned) -> HttpResponse {
        HttpResponse::build(StatusCode::IM_A_TEAPOT).body(format!("{why:?}"))
    }

    fn add(store: &Store, byte: u8, change: impl FnOnce(&mut ApiKey)) -> String {
        let text = KeyText::new(&[byte; KeyText::RANDOM]);
        let mut key = ApiKey {
            id: text.id().to_owned(),
            name: format!("partner {byte}"),
            digest: text.digest(),
            speaks_for: SpeaksFor::These(vec![Gln::parse(OWN).unwrap()]),
            scopes: vec![Scope::May(Permission::Verify)],
            made_at: Utc::now(),
            made_by: "operator".to_owned(),
            expires: None,
            revoked: None,
            used: None,
        };
        change(&mut key);
        store.add_key(&Caller::operator(), &key).unwrap();
        text.reveal().to_owned()
    }

    /// Status and body for a request with these headers.
    macro_rules! ask {
        ($app:expr, $path:expr, $headers:expr) => {{
            let mut request = TestRequest::with_uri($path);
            for (name, value) in $headers {
                request = request.insert_header((name, value));
            }
            let answer = test::call_service($app, request.to_request()).await;
            let status = answer.status().as_u16();
            assert_eq!(status == 401, answer.headers().contains_key(WWW_AUTHENTICATE));
            (status, String::from_utf8(test::read_body(answer).await.to_vec()).unwrap())
        }};
    }

    fn opened(folder: &tempfile::TempDir) -> Store {
        let path = folder.path().join("epcgate.db");
        Store::open(path.to_str().unwrap(), &store::Settings::default()).unwrap()
    }

    macro_rules! app {
        ($store:expr, $mode:expr, $vrs:expr) => {
            test::init_service(
                App::new()
                    .app_data(Data::new(Keyring::new($store)))
                    .app_data(Data::new(access::Settings { mode: $mode, vrs: $vrs, ..Default::default() }))
                    .wrap(from_fn(|request, next| pass(request, next, page)))
                    .route("/vrs/checkConnectivity", web::get().to(handle))
                    .route("/epcis/events", web::get().to(handle))
                    .route("/epcis/capture", web::post().to(handle))
                    .route("/healthz", web::get().to(HttpResponse::Ok))
                    .route("/scan", web::post().to(handle))
                    .route("/unlisted", web::get().to(HttpResponse::Ok)),
            )
            .await
        };
    }

    #[actix_web::test]
    async fn a_good_key_lets_in_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let good = add(&store, 1, |_| {});
        let provider = add(&store, 2, |key| key.speaks_for = SpeaksFor::Any);
        let operator = add(&store, 3, |key| key.scopes = vec![Scope::Is(Role::Auditor)]);
        let late = add(&store, 4, |key| key.expires = Some(Utc::now() - TimeDelta::seconds(1)));
        let app = app!(&store, Mode::Open, VrsAccess::Keys);
        let bearer = |key: &str| format!("bearer  {key}");
        assert_eq!(ask!(&app, ASK, [("X-API-Key", good.as_str())]), (200, "key:partner 1".to_owned()));
        assert_eq!(ask!(&app, ASK, [("Authorization", bearer(&good).as_str())]).0, 200);
        assert_eq!(ask!(&app, ASK, [("X-API-Key", provider.as_str())]).0, 200);
        let unknown = KeyText::new(&[9; KeyText::RANDOM]);
        let mistyped = good.replace("0101_", "0102_");
        let twin = KeyText::new(&std::array::from_fn(|at| if at < 5 { 1 } else { 7 }));
        for (path, headers, status, word) in [
            ("/epcis/events", vec![("X-API-Key", good.as_str())], 403, "read-events"),
            (ASK, vec![("X-API-Key", operator.as_str())], 403, "permission verify"),
            (ASK, vec![("X-API-Key", late.as_str())], 401, "expired"),
            (ASK, vec![("X-API-Key", unknown.reveal())], 401, "not known"),
            (ASK, vec![("X-API-Key", twin.reveal())], 401, "not known"),
            (ASK, vec![("X-API-Key", mistyped.as_str())], 401, "mistyped"),
            (ASK, vec![("X-API-Key", "secret")], 401, "no API key of epcgate"),
            (ASK, vec![("Authorization", "Basic YTpi"), ("X-API-Key", good.as_str())], 401, "Bearer"),
            (ASK, vec![], 401, "epcgate keys add"),
        ] {
            let (found, body) = ask!(&app, path, headers.clone());
            assert_eq!(found, status, "{headers:?}: {body}");
            assert!(body.contains(word) && body.contains("SecurityException"), "{headers:?}: {body}");
            assert!(!body.contains(&good[20..40]), "{body}");
        }
    }

    #[actix_web::test]
    async fn a_key_taken_back_opens_nothing_a_second_later() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let good = add(&store, 1, |_| {});
        let app = app!(&store, Mode::Open, VrsAccess::Keys);
        assert_eq!(ask!(&app, ASK, [("X-API-Key", good.as_str())]).0, 200);
        let revoked = Revocation { at: Utc::now(), by: "operator".to_owned(), why: "lost".to_owned() };
        store
            .revoke_key(&Caller::operator(), KeyText::parse(&good).unwrap().id(), &revoked)
            .unwrap()
            .unwrap();
        // Asked all the while, so that the keys are never old enough to be waited for.
        for _ in 0..10 {
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
            ask!(&app, ASK, [("X-API-Key", good.as_str())]);
        }
        let (status, body) = ask!(&app, ASK, [("X-API-Key", good.as_str())]);
        assert!(status == 401 && body.contains("revoked"), "{body}");
        let used = store.keys(&Caller::operator()).unwrap()[0].used.unwrap();
        assert!(used > Utc::now() - TimeDelta::seconds(60));
    }

    #[actix_web::test]
    async fn an_open_door_lets_anyone_in_but_no_bad_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let good = add(&store, 1, |_| {});
        let app = app!(&store, Mode::Open, VrsAccess::Open);
        assert_eq!(ask!(&app, ASK, [("X-Other", "")]), (200, "anyone".to_owned()));
        assert_eq!(ask!(&app, ASK, [("X-API-Key", good.as_str())]).1, "key:partner 1");
        assert_eq!(ask!(&app, ASK, [("X-API-Key", "secret")]).0, 401);
    }

    #[actix_web::test]
    async fn an_open_gateway_is_for_its_own_machine() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let app = app!(&store, Mode::Open, VrsAccess::Keys);
        let (near, far) = (("Host", "127.0.0.1:8080"), ("Host", "gateway.example"));
        let events = "/epcis/events";
        assert_eq!(ask!(&app, events, [near]), (200, "operator".to_owned()));
        assert_eq!(ask!(&app, "/healthz", [far]).0, 200);
        let (status, body) = ask!(&app, events, [far]);
        assert!(status == 403 && body.contains("access.mode"), "{body}");
        assert_eq!(ask!(&app, events, [("X-Other", "")]).0, 403);
        assert_eq!(ask!(&app, "/unlisted", [near]).0, 404);
        for (path, site, expected) in [
            ("/epcis/capture", "same-origin", (200, "operator")),
            ("/scan", "same-origin", (200, "operator")),
            ("/epcis/capture", "cross-site", (403, "SecurityException")),
            ("/scan", "cross-site", (418, "NotFromHere")),
        ] {
            let request = TestRequest::post().uri(path).insert_header(near);
            let request = request.insert_header(("Sec-Fetch-Site", site)).to_request();
            let answer = test::call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), expected.0, "{path} {site}");
            let body = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
            assert!(body.contains(expected.1), "{path} {site}: {body}");
        }
    }

    #[actix_web::test]
    async fn a_closed_gateway_asks_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let auditor = add(&store, 1, |key| {
            key.scopes = vec![Scope::Is(Role::Auditor)];
            key.speaks_for = SpeaksFor::Any;
        });
        let app = app!(&store, Mode::Closed, VrsAccess::Keys);
        let near = ("Host", "127.0.0.1");
        let key = ("X-API-Key", auditor.as_str());
        assert_eq!(ask!(&app, "/epcis/events", [near]).0, 401);
        assert_eq!(ask!(&app, "/epcis/events", [key]), (200, "key:partner 1".to_owned()));
        assert_eq!(ask!(&app, "/epcis/capture", [near]).0, 401);
        assert_eq!(ask!(&app, "/epcis/capture", [key]).0, 404);
        assert_eq!(ask!(&app, "/unlisted", [key]).0, 404);
        assert_eq!(ask!(&app, "/healthz", [near]).0, 200);
        for (path, header, expected) in [
            ("/epcis/capture", near, 401),
            ("/epcis/capture", key, 403),
            ("/scan", near, 418),
            ("/scan", key, 418),
        ] {
            let request = TestRequest::post().uri(path).insert_header(header).to_request();
            assert_eq!(
                test::call_service(&app, request).await.status().as_u16(),
                expected,
                "{path} {header:?}"
            );
        }
    }
}
