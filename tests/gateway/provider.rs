//! A provider on loopback that answers by what the serial number of the question asks for: truths, lies, and nothing.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::https::Answered;
use crate::https::Asked;
use crate::https::Authority;
use crate::https::DRIPS;
use crate::https::Server;

/// Who answers here.
pub const GLN: &str = "0300010000008";

/// How long it says nothing, where it stalls.
const SILENCE: Duration = Duration::from_secs(3);

pub struct Provider {
    server: Server,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    asked: Mutex<Vec<Question>>,
    down: AtomicBool,
}

/// A question as it came.
#[derive(Clone, Debug)]
pub struct Question {
    pub target: String,
    pub correlation: String,
    pub key: Option<String>,
    pub version: Option<String>,
}

impl Provider {
    pub fn start(authority: &Authority, name: &str) -> Provider {
        let heard = Arc::new(Heard::default());
        let hearing = Arc::clone(&heard);
        let server = Server::start(&authority.identity(name), move |asked| hearing.answer(asked));
        Provider { server, heard }
    }

    /// The base address for the directory.
    pub fn url(&self) -> String {
        format!("{}/api", self.server.url())
    }

    /// What was asked since the last look.
    pub fn asked(&self) -> Vec<Question> {
        std::mem::take(&mut *self.heard.asked.lock().unwrap())
    }

    /// Lets it answer 503 to everything, or no more.
    pub fn set_down(&self, down: bool) {
        self.heard.down.store(down, Ordering::SeqCst);
    }
}

impl Heard {
    fn count(&self, correlation: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.correlation == correlation).count()
    }

    fn answer(&self, asked: &Asked) -> Answered {
        let correlation = parameter(&asked.target, "corrUUID");
        let header = |name: &str| asked.header(name).map(str::to_owned);
        let question = Question {
            target: asked.target.clone(),
            correlation: correlation.clone(),
            key: header("authorization").or_else(|| header("x-key")),
            version: header("gs1us-version"),
        };
        self.asked.lock().unwrap().push(question);
        if self.down.load(Ordering::SeqCst) {
            return Answered::html(503);
        }
        if asked.target.starts_with("/api/checkConnectivity") {
            return Answered::json(&json!({ "responderGLN": GLN }));
        }
        let serial =
            asked.target.split("/ser/").nth(1).and_then(|rest| rest.split('?').next()).unwrap_or_default();
        let kind = serial.split(['-', '%']).next().unwrap_or_default();
        match kind {
            "html" => Answered::html(200),
            "broken" => Answered { body: b"{\"responderGLN\":".to_vec(), ..Answered::json(&Value::Null) },
            "large" => Answered { body: vec![b' '; 10 << 20], ..Answered::json(&Value::Null) },
            "stall" => {
                thread::sleep(SILENCE);
                Answered::json(&response(&correlation, json!({ "verified": true })))
            }
            "drip" => {
                let mut answered = Answered::json(&response(&correlation, json!({ "verified": true })));
                answered.headers.push((DRIPS.to_owned(), "1".to_owned()));
                answered
            }
            "flaky" if self.count(&correlation) == 1 => Answered::html(502),
            "lies" => {
                Answered::json(&response(&uuid::Uuid::new_v4().to_string(), json!({ "verified": true })))
            }
            "stranger" | "strangerno" => {
                let said = data(if kind == "stranger" { "ok" } else { "serial" });
                let mut response = response(&correlation, said);
                response["responderGLN"] = "4012345000115".into();
                Answered::json(&response)
            }
            kind => match kind.parse::<u16>() {
                Ok(status) => {
                    let mut answered = Answered::html(status);
                    answered.headers.push(("Location".to_owned(), "https://169.254.169.254/".to_owned()));
                    answered
                }
                Err(_) => Answered::json(&response(&correlation, data(kind))),
            },
        }
    }
}

/// What is said of an item.
fn data(kind: &str) -> Value {
    let no = |reason: &str| json!({ "verified": false, "verificationFailureReason": reason });
    match kind {
        "recalled" => json!({ "verified": true, "additionalInfo": "Recalled" }),
        "recalledno" => {
            json!({ "verified": false, "verificationFailureReason": "Manufacturer_policy", "additionalInfo": "Recalled" })
        }
        "expired" => json!({ "verified": true, "additionalInfo": "Expired" }),
        "extended" => json!({ "verified": true, "additionalInfo": "ExpirationExtended" }),
        "suspect" => json!({
            "verified": false, "verificationFailureReason": "Not_for_re-distribution", "additionalInfo": "Suspect",
        }),
        "serial" => no("No_match_GTIN_Serial"),
        "lot" => no("No_match_GTIN_Serial_Lot"),
        "expiry" => no("No_match_GTIN_Serial_Expiry"),
        "both" => no("No_match_GTIN_Serial_Lot_Expiry"),
        "noreason" => no("No_reason_provided"),
        "policy" => no("Manufacturer_policy"),
        "odd" => no("not_found"),
        "both_ways" => json!({ "verified": true, "verificationFailureReason": "No_reason_provided" }),
        "text" => json!({ "verified": "true" }),
        _ => json!({ "verified": true }),
    }
}

fn response(correlation: &str, data: Value) -> Value {
    json!({
        "verificationTimestamp": "2026-11-23T10:00:00.000Z", "responderGLN": GLN, "corrUUID": correlation, "data": data,
    })
}

fn parameter(target: &str, name: &str) -> String {
    let query = target.split('?').nth(1).unwrap_or_default();
    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_default().to_owned()
}
