//! Requests with bodies too long to hold: sent as they come, and given up where they stand still.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream;
use reqwest::Body;

use crate::transport::Call;
use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::transport::Outlet;
use crate::transport::Reply;

/// How long a body may stand still, the answer to it included.
const STILL: Duration = Duration::from_secs(60);

impl Outbound {
    /// Sends one request with a body of so many bytes, and takes the answer. Nothing is tried again.
    pub async fn upload(&self, call: Call, (outlet, bytes): (Outlet, u64)) -> Result<Reply, OutboundError> {
        let moved = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&moved);
        let parts = stream::unfold(outlet, move |mut outlet| {
            let counted = Arc::clone(&counted);
            async move {
                let part = outlet.next().await.transpose()?;
                counted.fetch_add(1, Ordering::Relaxed);
                Some((part, outlet))
            }
        });
        let mut call = call;
        call.headers.push(("Content-Length".to_owned(), bytes.to_string()));
        tokio::select! {
            answered = self.send_with(call, Some(Body::wrap_stream(parts))) => answered,
            () = stands_still(&moved) => Err(OutboundError::Timeout(STILL)),
        }
    }
}

async fn stands_still(moved: &AtomicU64) {
    let mut before = u64::MAX;
    loop {
        let now = moved.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
        tokio::time::sleep(STILL).await;
    }
}
