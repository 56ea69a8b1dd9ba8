//! Channels of partners: whether each is open, answers, and has certificates that are good for a while.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::certificates;
use crate::cli::doctor::runtime;
use crate::config::Settings;
use crate::exchange;
use crate::store::ChannelRecord;
use crate::store::Store;
use crate::transport::Call;
use crate::transport::Channel;
use crate::transport::Method;
use crate::transport::Outbound;
use crate::transport::PartnerChannel;
use crate::transport::certificates_in;

/// Channels fetched at one time.
const PAGE: i64 = 500;

/// How long an endpoint may take to answer anything at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of such an answer that are read.
const MOST_ANSWER: usize = 65_536;

/// Tells how each channel is; with `offline`, without calling anybody.
pub(super) fn checks(
    settings: &Settings,
    store: &Store,
    offline: bool,
    now: DateTime<Utc>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let outbound = Outbound::new(&settings.outbound)?;
    let runtime = runtime()?;
    let mut after: Option<String> = None;
    loop {
        let page = store.channels(&Caller::operator(), None, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.channel.id.clone());
        for record in &page {
            report.tell_all(pinned(&record.channel, now))?;
            let reached = match offline {
                true => Ok(()),
                false => runtime.block_on(reached(&outbound, &record.channel)),
            };
            report.tell(&state(store, record, reached)?)?;
        }
    }
}

/// How it stands with a channel: nobody sends by one that is paused, and what failed last is told before what is tried now.
fn state(store: &Store, record: &ChannelRecord, reached: Result<(), String>) -> anyhow::Result<Check> {
    let ChannelRecord { channel, paused, failing_since, .. } = record;
    let name = format!("{} by {}", channel.id, channel.by.kind());
    let look = format!("epcgate channel test {}", channel.id);
    if let Some((since, why)) = paused {
        let says = format!("{name} is paused since {since}: {why}");
        return Ok(Check::warning("channel", says, format!("epcgate channel resume {}", channel.id)));
    }
    if let Err(why) = reached {
        return Ok(Check::bad("channel", format!("{name}: {why}"), look));
    }
    if let Some(since) = failing_since {
        let says = format!("{name}: everything that is sent fails since {since}");
        return Ok(Check::warning("channel", says, "epcgate outbox list --state waiting"));
    }
    let turn = store.turn(&Caller::operator(), &channel.id)?;
    Ok(match turn.filter(|turn| turn.failures > 0) {
        Some(turn) => {
            let says = format!("{name}: the last {} looks failed: {}", turn.failures, turn.said);
            Check::warning("channel", says, look)
        }
        None => Check::good("channel", name),
    })
}

/// Whether the other side is there and lets us in; nothing is written there.
async fn reached(outbound: &Outbound, channel: &PartnerChannel) -> Result<(), String> {
    let url = match &channel.by {
        Channel::As2(settings) => &settings.url,
        Channel::Webhook(settings) => &settings.url,
        Channel::Sftp(_) | Channel::Folder(_) | Channel::Https(_) => {
            let probe = exchange::look(outbound, channel).await.map_err(|error| error.answer)?;
            let failed = probe.steps.into_iter().find_map(|(step, outcome)| Some((step, outcome.err()?)));
            return failed.map_or(Ok(()), |(step, why)| Err(format!("{step}: {why}")));
        }
    };
    if url.is_empty() {
        // We only receive by it.
        return Ok(());
    }
    let call = Call {
        method: Method::Get,
        url: url.clone(),
        headers: Vec::new(),
        body: None,
        deadline: PATIENCE,
        most_bytes: MOST_ANSWER,
    };
    // Whatever is answered to a question that these do not expect: somebody is there, by the certificate of this name.
    outbound.send(call).await.map(|_| ()).map_err(|error| error.to_string())
}

/// The certificates that were agreed on for a channel by AS2, as far as they do not last.
fn pinned(channel: &PartnerChannel, now: DateTime<Utc>) -> Vec<Check> {
    let Channel::As2(settings) = &channel.by else { return Vec::new() };
    let place = format!("channel {}", channel.id);
    let judged = |pem: &str| match certificates_in(pem.as_bytes()) {
        Ok(found) => found.iter().map(|facts| certificates::judged(&place, facts, now)).collect(),
        Err(error) => {
            let next = "ask the partner for its certificate: epcgate as2 import";
            vec![Check::bad("certificate", format!("{place}: {error}"), next)]
        }
    };
    settings.certificates.iter().flat_map(|pinned| judged(&pinned.certificate)).collect()
}
