//! Signing in with OpenID providers: a real one (npm's oidc-provider), and one that lies.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use epcgate::access::Identity;
use epcgate::access::ProviderSettings;
use epcgate::access::Role;
use reqwest::Certificate;
use reqwest::blocking::Client;
use reqwest::blocking::Response;
use reqwest::redirect::Policy;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use serde_json::Value;
use serde_json::json;

use crate::access::Visitor;
use crate::access::closed;
use crate::access::person;
use crate::harness::TestGateway;
use crate::harness::header;
use crate::https::Answered;
use crate::https::Authority;
use crate::https::Server;
use crate::process::client;

/// The provider, and the release that runs on the Node.js of Debian.
const PACKAGE: &str = "oidc-provider@8.8.1";

/// A running provider, killed when dropped.
struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start(authority: &Authority, redirect: &str) -> Provider {
        let identity = authority.identity("provider");
        let mut child = Command::new("node")
            .arg(installed())
            .args([&identity.certificate, &identity.key])
            .arg(redirect)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{PACKAGE} needs Node.js: apt-get install npm ({error})"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = lines.find_map(|line| line.ok().filter(|line| line.starts_with("https://")));
        std::thread::spawn(move || lines.for_each(drop));
        Provider { child, issuer: issuer.expect("the provider ended before it listened") }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The script of the provider, beside the package that npm fetches once into the target folder.
fn installed() -> PathBuf {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE.replace('@', "-"));
    let script = folder.join("provider.mjs");
    ONCE.call_once(|| {
        std::fs::create_dir_all(&folder).unwrap();
        if !folder.join("node_modules/oidc-provider/package.json").exists() {
            let done = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"])
                .args([folder.as_os_str(), PACKAGE.as_ref()])
                .output()
                .unwrap_or_else(|error| panic!("{PACKAGE} is fetched by npm: apt-get install npm ({error})"));
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        std::fs::write(&script, include_str!("openid.mjs")).unwrap();
    });
    script
}

/// A port that was free a moment ago: a provider must know where browsers come back to before the gateway listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn gateway(authority: &Authority, port: u16, issuer: &str) -> TestGateway {
    let secret = authority.folder().join("secret");
    std::fs::write(&secret, "a secret of the tests\n").unwrap();
    closed(None, |settings| {
        settings.server.port = port;
        settings.access.url = format!("http://127.0.0.1:{port}");
        settings.outbound.allow_loopback = true;
        settings.outbound.roots = vec![authority.root()];
        settings.access.providers = vec![ProviderSettings {
            name: "tests".to_owned(),
            issuer: issuer.to_owned(),
            client_id: "epcgate".to_owned(),
            client_secret_file: secret,
        }];
    })
}

/// A browser at the provider: goes where it is sent until that is elsewhere, and fills in its forms.
struct Elsewhere {
    client: Client,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Elsewhere {
    fn new(authority: &Authority, issuer: &str) -> Elsewhere {
        let root = Certificate::from_pem(&std::fs::read(authority.root()).unwrap()).unwrap();
        let client = client().redirect(Policy::none()).tls_certs_only([root]).build().unwrap();
        Elsewhere { client, issuer: issuer.to_owned(), cookies: BTreeMap::new() }
    }

    fn ask(&mut self, url: &str, form: Option<String>) -> Response {
        let url = if url.starts_with('/') { format!("{}{url}", self.issuer) } else { url.to_owned() };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match form {
            Some(form) => self
                .client
                .post(&url)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Origin", &self.issuer)
                .body(form),
            None => self.client.get(&url),
        };
        let response = request.header("Cookie", cookies.join("; ")).send().unwrap();
        for set in response.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    /// Signs in under a name, agrees to everything, and gives the address it is then sent back to.
    fn sign_in(&mut self, url: &str, login: &str) -> String {
        let (mut url, mut form) = (url.to_owned(), None);
        for _ in 0..20 {
            let response = self.ask(&url, form.take());
            let next = header(&response, "location");
            if next.contains("/sign-in/back?") {
                return next;
            }
            if !next.is_empty() {
                url = next;
                continue;
            }
            let page = response.text().unwrap();
            let action = page.split("action=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
            url = action.split('"').next().unwrap().to_owned();
            form = Some(match page.contains("value=\"login\"") {
                true => format!("prompt=login&login={login}&password=any"),
                false => "prompt=consent".to_owned(),
            });
        }
        panic!("the provider never sends back");
    }
}

/// Goes to the provider and comes back signed in there; the answer of the gateway.
fn round(visitor: &mut Visitor, authority: &Authority, issuer: &str, login: &str) -> (Response, String) {
    let away = visitor.get("/sign-in/with/tests?to=/rules");
    assert_eq!(away.status(), 303, "{}", away.text().unwrap());
    visitor.cookie = header(&away, "set-cookie").split(';').next().unwrap().to_owned();
    let url = header(&away, "location");
    for word in ["code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "response_type=code"] {
        assert!(url.contains(word), "{word}: {url}");
    }
    let back = Elsewhere::new(authority, issuer).sign_in(&url, login);
    let path = back[back.find("/sign-in/back").unwrap()..].to_owned();
    (visitor.get(&path), path)
}

#[test]
fn people_sign_in_with_a_provider() {
    let (authority, port) = (Authority::new(), free_port());
    let provider = Provider::start(&authority, &format!("http://127.0.0.1:{port}/sign-in/back"));
    let gateway = gateway(&authority, port, &provider.issuer);
    let expected = Identity { issuer: provider.issuer.clone(), subject: String::new() };
    for login in ["ann@example.com", "mallory@example.com"] {
        person(gateway.store(), login, &[Role::Receiver], |person| person.identity = Some(expected.clone()));
    }
    person(gateway.store(), "bob@example.com", &[Role::Receiver], |_| {});
    let mut ann = Visitor::new(&gateway);
    assert!(ann.get("/sign-in").text().unwrap().contains("Sign in with tests"));
    let (signed, path) = round(&mut ann, &authority, &provider.issuer, "ann");
    assert_eq!((signed.status().as_u16(), header(&signed, "location")), (303, "/rules".to_owned()));
    let away = ann.cookie.clone();
    ann.keep(&signed);
    assert_eq!(ann.get("/api/v1/receipts").status(), 200);
    let mut thief = Visitor::new(&gateway);
    thief.cookie = away;
    assert_eq!(thief.get(&path).status(), 401, "a state is good once");
    let bound = gateway.store().person_of_login("ann@example.com").unwrap().unwrap();
    assert_eq!(bound.identity.unwrap().subject, "ann");
    let mut again = Visitor::new(&gateway);
    assert_eq!(round(&mut again, &authority, &provider.issuer, "ann").0.status(), 303);
    for stranger in ["mallory", "bob", "eve"] {
        let mut visitor = Visitor::new(&gateway);
        let (refused, _) = round(&mut visitor, &authority, &provider.issuer, stranger);
        assert_eq!(refused.status(), 403, "{stranger}");
    }
}

/// What a lying provider does at its token endpoint: the kind of lie stands in the code, with the nonce it was asked with.
fn token(pair: &Ed25519KeyPair, issuer: &str, code: &Value) -> Value {
    let lie = code["lie"].as_str().unwrap();
    let now = Utc::now().timestamp();
    let mut head = json!({ "alg": "EdDSA", "kid": "one" });
    let mut claims = json!({
        "iss": issuer, "sub": "ann", "aud": "epcgate", "iat": now, "exp": now + 60, "nonce": code["nonce"],
        "email": "ann@example.com", "email_verified": true,
    });
    match lie {
        "none" => head = json!({ "alg": "none" }),
        "hs256" => head["alg"] = json!("HS256"),
        "kid" => head["kid"] = json!(format!("made up {now}")),
        "aud" => claims["aud"] = json!("another"),
        "iss" => claims["iss"] = json!("https://localhost:1"),
        "nonce" => claims["nonce"] = json!("an older one"),
        "exp" => claims["exp"] = json!(now - 3_600),
        _ => {}
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(&claims));
    let signature = match lie {
        "none" => String::new(),
        "hs256" => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pair.public_key().as_ref());
            BASE64_URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, signed.as_bytes()))
        }
        "signature" => BASE64_URL_SAFE_NO_PAD.encode([7; 64]),
        _ => BASE64_URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes())),
    };
    json!({ "access_token": "x", "token_type": "Bearer", "id_token": format!("{signed}.{signature}") })
}

#[test]
fn a_provider_that_lies_signs_nobody_in() {
    let (authority, port) = (Authority::new(), free_port());
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let at = Arc::new(std::sync::OnceLock::<String>::new());
    let known = Arc::clone(&at);
    let server = Server::start(&authority.identity("liar"), move |request| {
        let issuer = known.get().unwrap();
        match request.target.as_str() {
            "/.well-known/openid-configuration" => Answered::json(&json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/jwks"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
            })),
            "/jwks" => {
                counted.fetch_add(1, Ordering::Relaxed);
                let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
                let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "alg": "EdDSA", "x": x });
                Answered::json(&json!({ "keys": [key] }))
            }
            _ => {
                let body = String::from_utf8(request.body.clone()).unwrap();
                let code = body.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap();
                let code = BASE64_URL_SAFE_NO_PAD.decode(code).unwrap();
                Answered::json(&token(&pair, issuer, &serde_json::from_slice(&code).unwrap()))
            }
        }
    });
    at.set(server.url()).unwrap();
    let gateway = gateway(&authority, port, at.get().unwrap());
    let expected = Identity { issuer: at.get().unwrap().clone(), subject: String::new() };
    person(gateway.store(), "ann@example.com", &[Role::Receiver], |ann| ann.identity = Some(expected));
    let come_back = |lie: &str, change: fn(&mut String)| {
        let mut visitor = Visitor::new(&gateway);
        let away = visitor.get("/sign-in/with/tests");
        visitor.cookie = header(&away, "set-cookie").split(';').next().unwrap().to_owned();
        let url = header(&away, "location");
        let part = |name: &str| {
            let rest = url.split(&format!("{name}=")).nth(1).unwrap();
            rest.split('&').next().unwrap().to_owned()
        };
        let mut state = part("state");
        change(&mut state);
        let code = json!({ "lie": lie, "nonce": part("nonce") }).to_string();
        let code = BASE64_URL_SAFE_NO_PAD.encode(code);
        visitor.get(&format!("/sign-in/back?code={code}&state={state}")).status().as_u16()
    };
    assert_eq!(come_back("", |_| {}), 303);
    for lie in ["none", "hs256", "signature", "aud", "iss", "nonce", "exp"] {
        assert_eq!(come_back(lie, |_| {}), 401, "{lie}");
    }
    assert_eq!(
        come_back("", |state| state.replace_range(0..1, if state.starts_with('A') { "B" } else { "A" })),
        401
    );
    assert_eq!(come_back("", String::clear), 401);
    let before = asked.load(Ordering::Relaxed);
    for _ in 0..10 {
        assert_eq!(come_back("kid", |_| {}), 401);
    }
    assert_eq!(asked.load(Ordering::Relaxed), before, "made-up names of keys must not make us ask");
}
