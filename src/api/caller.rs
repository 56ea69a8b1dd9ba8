//! Who calls: the API key of a request, and whom its holder may speak for.

use std::future::Ready;
use std::future::ready;

use actix_web::FromRequest;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderValue;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::web::Data;
use chrono::Utc;
use futures_util::future::LocalBoxFuture;

use crate::access;
use crate::access::Caller;
use crate::access::KeyText;
use crate::access::Scope;
use crate::access::SpeaksFor;
use crate::access::VrsAccess;
use crate::api::keyring::Keyring;
use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// Another header than `Authorization: Bearer` for the key.
const KEY_HEADER: &str = "X-API-Key";

/// The name of who needs no key.
const ANYONE: &str = "anyone";

/// A partner's machine that asks us to verify. As an argument of a handler it lets nobody else in: 401 without a key, or
/// with one that is mistyped, unknown, expired or revoked; 403 with one that is not for verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Whose key it is, `anyone` where no key is asked for.
    pub name: String,
    /// In whose name it may ask.
    pub glns: SpeaksFor,
}

impl Asker {
    /// As the audit trail names it: `key:` and the name of the key, or `anyone`.
    pub fn actor(&self) -> String {
        if self.name == ANYONE { ANYONE.to_owned() } else { format!("key:{}", self.name) }
    }

    /// Lets a request pass that is made in the name of this GLN; else 403.
    pub fn speak_for(&self, gln: &str) -> Result<(), Problem> {
        if self.glns.covers(gln) {
            return Ok(());
        }
        let detail = format!("this API key does not ask for GLN {gln:?}; its holder may have it widened");
        Err(Problem::new(Failure::Forbidden, detail))
    }
}

/// As an argument of a handler: who asks, as it was found before the request came here.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Caller, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Caller>().cloned().unwrap_or_else(Caller::operator)))
    }
}

impl FromRequest for Asker {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Asker, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let keyring = request.app_data::<Data<Keyring>>().cloned();
        let settings = request.app_data::<Data<access::Settings>>().cloned();
        let shown = shown(request.headers());
        Box::pin(async move {
            let (Some(keyring), Some(settings)) = (keyring, settings) else {
                return Err(Problem::internal(&"a route asks for callers that has no keys"));
            };
            match shown? {
                Some(key) => admitted(&keyring, &key).await,
                None if settings.vrs == VrsAccess::Open => {
                    Ok(Asker { name: ANYONE.to_owned(), glns: SpeaksFor::Any })
                }
                None => Err(refused(
                    "this needs an API key: send it as `Authorization: Bearer …` or `X-API-Key: …`; the operator makes \
                     one with `epcgate keys add`",
                )),
            }
        })
    }
}

async fn admitted(keyring: &Keyring, shown: &KeyText) -> Result<Asker, Problem> {
    let key = keyring.admit(shown, Utc::now()).await?.map_err(|refusal| refused(&refusal.to_string()))?;
    if !key.scopes.contains(&Scope::Verify) {
        return Err(Problem::new(Failure::Forbidden, "this API key is not for verification"));
    }
    Ok(Asker { name: key.name.clone(), glns: key.speaks_for.clone() })
}

/// The key of a request, where it has one.
fn shown(headers: &HeaderMap) -> Result<Option<KeyText>, Problem> {
    let text = |value: &HeaderValue| value.to_str().map(str::trim).map(str::to_owned).unwrap_or_default();
    let key = match (headers.get(AUTHORIZATION).map(text), headers.get(KEY_HEADER).map(text)) {
        (Some(authorization), _) => match authorization.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim().to_owned(),
            _ => return Err(refused("Authorization must be `Bearer` and an API key")),
        },
        (None, Some(key)) => key,
        (None, None) => return Ok(None),
    };
    KeyText::parse(&key).map(Some).map_err(|fault| refused(&fault.to_string()))
}

fn refused(detail: &str) -> Problem {
    metrics::counter!("epcgate_callers_refused_total").increment(1);
    let problem = Problem::new(Failure::Unauthorized, detail);
    problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"epcgate\""))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::App;
    use actix_web::HttpResponse;
    use actix_web::test;
    use actix_web::test::TestRequest;
    use actix_web::web;
    use chrono::TimeDelta;

    use crate::access::ApiKey;
    use crate::access::Caller;
    use crate::access::Revocation;
    use crate::gs1::Gln;
    use crate::store;
    use crate::store::Store;

    use super::*;

    const OWN: &str = "4012345000115";

    async fn handle(asker: Asker, gln: web::Path<String>) -> Result<HttpResponse, Problem> {
        asker.speak_for(&gln)?;
        Ok(HttpResponse::Ok().body(asker.name))
    }

    fn add(store: &Store, byte: u8, change: impl FnOnce(&mut ApiKey)) -> String {
        let text = KeyText::new(&[byte; KeyText::RANDOM]);
        let mut key = ApiKey {
            id: text.id().to_owned(),
            name: format!("partner {byte}"),
            digest: text.digest(),
            speaks_for: SpeaksFor::These(vec![Gln::parse(OWN).unwrap()]),
            scopes: vec![Scope::Verify],
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

    /// Status and body for a request in the name of a GLN with these headers.
    macro_rules! ask {
        ($app:expr, $gln:expr, $headers:expr) => {{
            let mut request = TestRequest::with_uri(&format!("/{}", $gln));
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
        ($store:expr, $vrs:expr) => {
            test::init_service(
                App::new()
                    .app_data(Data::new(Keyring::new($store)))
                    .app_data(Data::new(access::Settings { vrs: $vrs }))
                    .route("/{gln}", web::get().to(handle)),
            )
            .await
        };
    }

    #[actix_web::test]
    async fn a_good_key_lets_in_for_its_own_glns() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let good = add(&store, 1, |_| {});
        let provider = add(&store, 2, |key| key.speaks_for = SpeaksFor::Any);
        let operator = add(&store, 3, |key| key.scopes = vec![Scope::Operate]);
        let late = add(&store, 4, |key| key.expires = Some(Utc::now() - TimeDelta::seconds(1)));
        let app = app!(&store, VrsAccess::Keys);
        let bearer = |key: &str| format!("bearer  {key}");
        assert_eq!(ask!(&app, OWN, [("X-API-Key", good.as_str())]), (200, "partner 1".to_owned()));
        assert_eq!(ask!(&app, OWN, [("Authorization", bearer(&good).as_str())]).0, 200);
        assert_eq!(ask!(&app, "9521102000015", [("X-API-Key", provider.as_str())]).0, 200);
        let unknown = KeyText::new(&[9; KeyText::RANDOM]);
        let mistyped = good.replace("0101_", "0102_");
        let twin = KeyText::new(&std::array::from_fn(|at| if at < 5 { 1 } else { 7 }));
        for (gln, headers, status, word) in [
            ("9521102000015", vec![("X-API-Key", good.as_str())], 403, "does not ask for GLN"),
            (OWN, vec![("X-API-Key", operator.as_str())], 403, "not for verification"),
            (OWN, vec![("X-API-Key", late.as_str())], 401, "expired"),
            (OWN, vec![("X-API-Key", unknown.reveal())], 401, "not known"),
            (OWN, vec![("X-API-Key", twin.reveal())], 401, "not known"),
            (OWN, vec![("X-API-Key", mistyped.as_str())], 401, "mistyped"),
            (OWN, vec![("X-API-Key", "secret")], 401, "no API key of epcgate"),
            (OWN, vec![("Authorization", "Basic YTpi"), ("X-API-Key", good.as_str())], 401, "Bearer"),
            (OWN, vec![], 401, "epcgate keys add"),
        ] {
            let (found, body) = ask!(&app, gln, headers.clone());
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
        let app = app!(&store, VrsAccess::Keys);
        assert_eq!(ask!(&app, OWN, [("X-API-Key", good.as_str())]).0, 200);
        let revoked = Revocation { at: Utc::now(), by: "operator".to_owned(), why: "lost".to_owned() };
        store
            .revoke_key(&Caller::operator(), KeyText::parse(&good).unwrap().id(), &revoked)
            .unwrap()
            .unwrap();
        // Asked all the while, so that the keys are never old enough to be waited for.
        for _ in 0..10 {
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
            ask!(&app, OWN, [("X-API-Key", good.as_str())]);
        }
        let (status, body) = ask!(&app, OWN, [("X-API-Key", good.as_str())]);
        assert!(status == 401 && body.contains("revoked"), "{body}");
        let used = store.keys(&Caller::operator()).unwrap()[0].used.unwrap();
        assert!(used > Utc::now() - TimeDelta::seconds(60));
    }

    #[actix_web::test]
    async fn an_open_door_lets_anyone_in_but_no_bad_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let good = add(&store, 1, |_| {});
        let app = app!(&store, VrsAccess::Open);
        assert_eq!(ask!(&app, "0", [("X-Other", "")]), (200, "anyone".to_owned()));
        assert_eq!(ask!(&app, OWN, [("X-API-Key", good.as_str())]).1, "partner 1");
        assert_eq!(ask!(&app, OWN, [("X-API-Key", "secret")]).0, 401);
    }
}
