//! An endpoint of webhooks on loopback: it keeps what it gets, and answers as it is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use epcgate::transport::PartnerChannel;
use serde_json::Value;
use serde_json::json;

use crate::https::Answered;
use crate::https::Asked;
use crate::https::Authority;
use crate::https::BREAKS;
use crate::https::Server;

/// How long a message may take in a test.
const PATIENCE: Duration = Duration::from_secs(90);

/// Stands for an answer that breaks off in the middle.
pub const BROKEN: u16 = 0;

/// Secrets of the tests; the first is that of the standard's own examples.
pub const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2VjcmV0LW51bWJlci10d28tMzItYnl0ZXMtLS0tLS0="];

/// A message as an endpoint got it.
#[derive(Clone, Debug)]
pub struct Message {
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn said(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An endpoint that keeps what it gets and answers as it is told.
pub struct Endpoint {
    server: Server,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    got: Mutex<Vec<Message>>,
    changed: Condvar,
    /// Statuses of the next answers; 200 afterwards.
    statuses: Mutex<Vec<u16>>,
    /// How long it thinks before it answers.
    thinks: Mutex<Duration>,
    /// What it says of when to come again, where it does not take a message; nothing where this is empty.
    retry_after: Mutex<String>,
}

impl Endpoint {
    pub fn start(authority: &Authority, name: &str) -> Endpoint {
        let inner = Arc::new(Inner::default());
        let getting = Arc::clone(&inner);
        let server = Server::start(&authority.identity(name), move |asked| getting.answer(asked));
        Endpoint { server, inner }
    }

    pub fn url(&self) -> String {
        format!("{}/hook", self.server.url())
    }

    pub fn answer_next(&self, statuses: &[u16]) {
        *self.inner.statuses.lock().unwrap() = statuses.iter().rev().copied().collect();
    }

    pub fn retry_after(&self, said: &str) {
        *self.inner.retry_after.lock().unwrap() = said.to_owned();
    }

    pub fn think(&self, time: Duration) {
        *self.inner.thinks.lock().unwrap() = time;
    }

    pub fn got(&self) -> Vec<Message> {
        self.inner.got.lock().unwrap().clone()
    }

    /// What it got once it is so much.
    pub fn wait_for(&self, count: usize) -> Vec<Message> {
        let got = self.inner.got.lock().unwrap();
        let waited = self.inner.changed.wait_timeout_while(got, PATIENCE, |got| got.len() < count).unwrap();
        assert!(!waited.1.timed_out(), "{} of {count} messages came", waited.0.len());
        waited.0.clone()
    }
}

impl Inner {
    fn answer(&self, asked: &Asked) -> Answered {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"];
        let header = |name: &&str| (name.to_string(), asked.header(name).unwrap_or_default().to_owned());
        let message = Message { headers: names.iter().map(header).collect(), body: asked.body.clone() };
        self.got.lock().unwrap().push(message);
        self.changed.notify_all();
        let thinks = *self.thinks.lock().unwrap();
        thread::sleep(thinks);
        match self.statuses.lock().unwrap().pop() {
            Some(BROKEN) => {
                Answered { headers: vec![(BREAKS.to_owned(), "1".to_owned())], ..Answered::html(200) }
            }
            Some(status) => {
                let mut headers = vec![("Location".to_owned(), "https://169.254.169.254/".to_owned())];
                let said = self.retry_after.lock().unwrap().clone();
                headers.extend((!said.is_empty()).then(|| ("Retry-After".to_owned(), said)));
                Answered { headers, ..Answered::html(status) }
            }
            None => Answered::json(&json!({ "taken": true })),
        }
    }
}

pub fn secrets(folder: &Path, count: usize) -> Vec<PathBuf> {
    let write = |(at, secret): (usize, &&str)| {
        let path = folder.join(format!("secret-{at}"));
        std::fs::write(&path, secret).unwrap();
        path
    };
    SECRETS.iter().take(count).enumerate().map(write).collect()
}

pub fn hook(id: &str, partner: &str, url: &str, secrets: &[PathBuf], events: &[&str]) -> PartnerChannel {
    let by = json!({ "webhook": { "url": url, "secrets": secrets, "events": events } });
    serde_json::from_value(json!({ "id": id, "partner": partner, "by": by })).unwrap()
}
