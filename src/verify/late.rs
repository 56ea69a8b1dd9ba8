//! Late: what nobody answered in time is asked again until the clock ends, and each record of the directory is tried every night.

use std::io;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;
use uuid::Uuid;

use crate::access::Caller;
use crate::dscsa::verification::record_id;
use crate::store::DirectoryEntry;
use crate::store::DirectoryFilter;
use crate::store::PendingVerification;
use crate::store::Probe;
use crate::verify::Question;
use crate::verify::Verifier;
use crate::verify::VerifyError;
use crate::verify::verifier::Asking;

/// How often is looked whether something is due.
const PAUSE: Duration = Duration::from_secs(1);
/// Questions taken at one time.
const TOGETHER: i64 = 64;
/// Questions and records that are asked at one time.
const AT_ONCE: usize = 16;
/// Records of the directory fetched at one time.
const PAGE: i64 = 500;

/// What became of trying every record of the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// Records that answered as they should.
    pub sound: u64,
    /// Records that did not.
    pub unsound: u64,
}

/// The worker that asks again, and tries the directory every night; it ends when it is stopped or dropped.
pub struct Late {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Late {
    /// Starts the worker. `clock` tells the time.
    pub fn start(verifier: &Verifier, clock: fn() -> DateTime<Utc>) -> io::Result<Late> {
        let (stop, stopped) = watch::channel(false);
        let verifier = verifier.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new()
            .name("late".to_owned())
            .spawn(move || runtime.block_on(work(&verifier, clock, stopped)))?;
        Ok(Late { stop, thread: Some(thread) })
    }

    /// Stops the worker; what it was asking is asked again when one starts.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop.send(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the worker for late answers ended in a panic");
        }
    }
}

async fn work(verifier: &Verifier, clock: fn() -> DateTime<Utc>, mut stopped: watch::Receiver<bool>) {
    let mut probe = next_probe(&verifier.settings().probe_at, clock());
    loop {
        let round = async {
            if let Err(error) = verifier.ask_again(clock()).await {
                tracing::warn!(%error, "questions cannot be asked again now");
            }
            if let Some(due) = probe.filter(|due| *due <= clock()) {
                match verifier.probe(clock()).await {
                    Ok(done) => {
                        tracing::info!(sound = done.sound, unsound = done.unsound, "the directory was tried")
                    }
                    Err(error) => tracing::warn!(%error, "the directory cannot be tried now"),
                }
                probe = next_probe(&verifier.settings().probe_at, due.max(clock()));
            }
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            biased;
            _ = stopped.changed() => return,
            () = round => {}
        }
    }
}

/// The next moment at this time of the day; `None` where it is none.
fn next_probe(at: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let time = NaiveTime::parse_from_str(at, "%H:%M").ok()?;
    let today = now.date_naive().and_time(time).and_utc();
    if today > now { Some(today) } else { today.checked_add_signed(TimeDelta::days(1)) }
}

impl Verifier {
    /// Asks every question again that is due; returns how many are answered now.
    pub async fn ask_again(&self, now: DateTime<Utc>) -> Result<u64, VerifyError> {
        let mut answered = 0;
        loop {
            let most = Duration::from_millis(self.settings().late_deadline_milliseconds);
            let lease = TimeDelta::from_std(most).unwrap_or_default() + TimeDelta::minutes(2);
            let due = self.off_thread(move |store| store.take_pending(now, now + lease, TOGETHER)).await?;
            if due.is_empty() {
                return Ok(answered);
            }
            let mut asked =
                stream::iter(due).map(|pending| self.again(pending, now)).buffer_unordered(AT_ONCE);
            while let Some(outcome) = asked.next().await {
                answered += u64::from(outcome?);
            }
        }
    }

    /// Asks one question again, with the same corrUUID; true where it is answered.
    async fn again(&self, pending: PendingVerification, now: DateTime<Utc>) -> Result<bool, VerifyError> {
        let request = &pending.request;
        let asking = Asking {
            question: Question {
                gtin: request.gtin,
                serial: request.serial.clone(),
                lot: request.lot.clone(),
                expiry: request.expiry.clone(),
                context: request.context.clone(),
                statement: request.statement.clone(),
                doubtful: pending.doubtful,
            },
            correlation: request.correlation.clone(),
            deadline: Duration::from_millis(self.settings().late_deadline_milliseconds),
            now,
        };
        let outcome = self.ask(&Caller::operator(), &asking).await?;
        self.record(&asking, &outcome, (&record_id(now, Uuid::new_v4()), None)).await?;
        let tries = pending.tries.saturating_add(1);
        // Times that have passed, as where the gateway was off, are not made up for.
        let later = (tries..).map_while(|tries| Some((tries, self.next(pending.asked, tries)?)));
        let next = later.into_iter().find(|(_, next)| *next > now).filter(|_| outcome.again);
        match next {
            Some((tries, next)) => {
                let pending = PendingVerification { tries, next, ..pending };
                self.off_thread(move |store| store.put_pending(&pending)).await?;
            }
            None => self.off_thread(move |store| store.end_pending(&pending.id)).await?,
        }
        Ok(outcome.answer.is_some())
    }

    /// Tries every active record of the directory that has an address, and notes how each is.
    pub async fn probe(&self, now: DateTime<Utc>) -> Result<Probed, VerifyError> {
        let mut done = Probed::default();
        let mut after: Option<String> = None;
        let Some(requester) = self.requester() else { return Ok(done) };
        let deadline = Duration::from_millis(self.settings().deadline_milliseconds);
        loop {
            let from = after.take();
            let page = self
                .off_thread(move |store| {
                    store.directory(&Caller::operator(), &DirectoryFilter::default(), from.as_deref(), PAGE)
                })
                .await?;
            let Some(last) = page.last() else { return Ok(done) };
            after = Some(last.record.id());
            let asked = page.into_iter().filter(|entry| entry.record.active && !entry.record.url.is_empty());
            let probes: Vec<(String, Probe)> = stream::iter(asked)
                .map(|DirectoryEntry { record, .. }| async move {
                    let said = requester.probe(&record, deadline).await;
                    let sound = said.is_ok();
                    (record.id(), Probe { at: now, sound, said: said.unwrap_or_else(|why| why) })
                })
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            done.sound += probes.iter().filter(|(_, probe)| probe.sound).count() as u64;
            done.unsound += probes.iter().filter(|(_, probe)| !probe.sound).count() as u64;
            self.off_thread(move |store| store.note_probes(&probes)).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_tried_once_a_day() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let next = |time: &str, now: &str| next_probe(time, at(now));
        assert_eq!(next("03:30", "2026-11-23T03:29:59Z"), Some(at("2026-11-23T03:30:00Z")));
        assert_eq!(next("03:30", "2026-11-23T03:30:00Z"), Some(at("2026-11-24T03:30:00Z")));
        assert_eq!(next("", "2026-11-23T03:30:00Z"), None);
    }
}
