//! Documents of DIDs: fetched over HTTPS, kept for a time, each asked for once at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::formats::did::DidDocument;
use crate::formats::did::web_address;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::verify::credential::Settings;

/// Bytes of a document.
const MOST_BYTES: usize = 65_536;

/// Documents that are kept; only issuers that are trusted and holders for whom they vouch come this far.
const MOST_KEPT: usize = 1000;

/// How long a failure stands before the document is asked for again.
const FAILURE: TimeDelta = TimeDelta::seconds(30);

/// How old a document may be that is asked for anew because it does not have the key.
pub(super) const REFRESHED: TimeDelta = TimeDelta::seconds(60);

/// The documents that are known.
pub(super) struct Documents {
    outbound: Outbound,
    deadline: Duration,
    life: TimeDelta,
    kept: Mutex<HashMap<Box<str>, Arc<Slot>>>,
}

type Slot = tokio::sync::Mutex<Option<Fetched>>;

#[derive(Clone)]
struct Fetched {
    document: Result<Arc<DidDocument>, String>,
    at: DateTime<Utc>,
}

impl Documents {
    pub(super) fn new(settings: &Settings, outbound: &Outbound) -> Documents {
        Documents {
            outbound: outbound.clone(),
            deadline: Duration::from_secs(settings.seconds.max(1)),
            life: TimeDelta::minutes(i64::from(settings.document_minutes)),
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The document of a DID, as far as it can be had: no older than its life allows, or than `newest` says.
    pub(super) async fn of(
        &self,
        did: &str,
        newest: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> Result<Arc<DidDocument>, String> {
        let address =
            web_address(did).ok_or_else(|| format!("keys of {did} cannot be looked up; only did:web can"))?;
        let slot = self.slot(did);
        let mut slot = slot.lock().await;
        if let Some(fetched) = slot.as_ref() {
            let life = if fetched.document.is_err() { FAILURE } else { newest.unwrap_or(self.life) };
            if now - fetched.at < life {
                return fetched.document.clone();
            }
        }
        let document = self.fetch(did, address).await;
        *slot = Some(Fetched { document: document.clone(), at: now });
        document
    }

    fn slot(&self, did: &str) -> Arc<Slot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT && !kept.contains_key(did) {
            kept.clear();
        }
        Arc::clone(kept.entry(did.into()).or_default())
    }

    async fn fetch(&self, did: &str, url: String) -> Result<Arc<DidDocument>, String> {
        let headers = vec![("Accept".to_owned(), "application/did+json, application/json".to_owned())];
        let (deadline, most_bytes) = (self.deadline, MOST_BYTES);
        let call = Call { method: Method::Get, url, headers, body: None, deadline, most_bytes };
        let reply = self.outbound.send(call).await;
        let reply = reply.map_err(|error| format!("the document of {did} cannot be had: {error}"))?;
        if reply.status != 200 {
            return Err(format!("the document of {did} cannot be had: status {}", reply.status));
        }
        let document = DidDocument::read(&reply.body, did);
        document.map(Arc::new).map_err(|fault| format!("the document of {did} cannot be used: {fault}"))
    }
}

#[cfg(test)]
impl Documents {
    /// Takes a document for fetched.
    pub(super) async fn keep(&self, did: &str, document: Result<DidDocument, String>, at: DateTime<Utc>) {
        *self.slot(did).lock().await = Some(Fetched { document: document.map(Arc::new), at });
    }
}
