//! A trial of a channel: is the endpoint there, and does it let us in.

use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::Probe;
use crate::transport::https::HttpsError;
use crate::transport::https::Settings;
use crate::transport::https::push::answered;

/// Asks for the jobs and events that the channel is about; nothing is sent.
pub async fn probe(outbound: &Outbound, settings: &Settings) -> Probe {
    let mut probe = Probe::default();
    let wanted = [("capture", settings.push.is_some()), ("events", settings.pull.is_some())];
    for (name, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        let url = settings.resource(name);
        let asked = asked(outbound, settings, &format!("{url}?perPage=1")).await;
        probe.note(&format!("ask {url}"), asked.map_err(|error| error.to_string()));
    }
    probe
}

async fn asked(outbound: &Outbound, settings: &Settings, url: &str) -> Result<(), HttpsError> {
    let reply = outbound.send(settings.call(outbound, Method::Get, url)?).await?;
    // An endpoint may take documents and tell nobody about its jobs.
    if matches!(reply.status, 200 | 204 | 405) { Ok(()) } else { Err(answered(url, &reply)) }
}
