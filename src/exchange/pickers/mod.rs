//! Pickers: look for what partners left, in turns that the processes of one database share, and take it into the inbox.

mod events;
mod files;
mod place;

use std::collections::HashMap;
use std::io;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::access::Caller;
use crate::capture::Limits;
use crate::exchange::Inbox;
use crate::exchange::InboxError;
use crate::exchange::Settings;
use crate::exchange::Taken;
use crate::exchange::pickers::place::Place;
use crate::store::ChannelTurn;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Turn;
use crate::store::TurnEnd;
use crate::transport::Channel;
use crate::transport::Outbound;
use crate::transport::PartnerChannel;
use crate::transport::folder::FolderError;
use crate::transport::https::HttpsError;
use crate::transport::random;
use crate::transport::sftp::SftpError;

/// How often is seen whether a turn is due.
const PAUSE: Duration = Duration::from_secs(1);

/// Channels read at a time.
const PAGE: i64 = 500;

/// The longest time between two looks at a channel that fails.
const RAREST: TimeDelta = TimeDelta::hours(1);

/// Bytes of words about a look that are kept.
const MOST_SAID: usize = 2_000;

/// The worker of this process that looks for what partners left; it ends when it is stopped or dropped.
pub struct Pickers {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Pickers {
    /// Starts the worker. `clock` tells the time.
    ///
    /// Fails where the system gives no thread.
    pub fn start(
        (store, inbox): (&Store, &Inbox),
        outbound: &Outbound,
        (settings, limits): (&Settings, &Limits),
        clock: fn() -> DateTime<Utc>,
    ) -> io::Result<Pickers> {
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let picker = Picker {
            store: store.clone(),
            inbox: inbox.clone(),
            outbound: outbound.clone(),
            settings: settings.clone(),
            most_bytes: limits.document_bytes,
            owner: format!("{}-{}", std::process::id(), uuid::Uuid::new_v4()),
            clock,
        };
        let thread = thread::Builder::new().name("pickers".to_owned()).spawn(move || {
            runtime.block_on(picker.work(stopped));
            // A file that is under way breaks off, and is taken again.
            runtime.shutdown_timeout(Duration::from_secs(5));
        })?;
        Ok(Pickers { stop, thread: Some(thread) })
    }

    /// Stops the worker; what it was taking is taken again when one starts.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Pickers {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop.send(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the pickers ended in a panic");
        }
    }
}

/// Why a look failed.
#[derive(Debug, Error)]
enum PickError {
    #[error(transparent)]
    Sftp(#[from] SftpError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Https(#[from] HttpsError),
    #[error(transparent)]
    Inbox(#[from] InboxError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Changed(String),
    #[error("it took more than {0} seconds")]
    Slow(u64),
    #[error("it ended in a panic")]
    Panic,
}

impl PickError {
    /// True where other files may still be taken.
    fn is_about_one_file(&self) -> bool {
        match self {
            PickError::Sftp(error) => matches!(
                error,
                SftpError::Changed(_)
                    | SftpError::Missing(_)
                    | SftpError::Refused { .. }
                    | SftpError::Taken(_)
            ),
            PickError::Inbox(error) => matches!(error, InboxError::TooLarge(_) | InboxError::Reused { .. }),
            PickError::Folder(_) | PickError::Changed(_) => true,
            _ => false,
        }
    }

    /// True where somebody has to mend a setting before it can go on.
    fn needs_somebody(&self) -> bool {
        matches!(self, PickError::Sftp(error) if !error.passes())
            || matches!(self, PickError::Folder(FolderError::Outside(..)))
    }
}

/// What a look found.
#[derive(Debug, Default)]
struct Look {
    /// Taken for the first time.
    new: u64,
    /// Came before.
    earlier: u64,
    /// Taken, and still where they were.
    left: u64,
    /// What is to be said besides.
    told: Vec<String>,
    /// Up to where everything was taken, where that is kept.
    mark: Option<String>,
}

impl Look {
    fn count(&mut self, taken: &Taken) {
        if taken.earlier { self.earlier += 1 } else { self.new += 1 }
    }

    fn said(&self) -> String {
        let mut said = format!("{} taken", self.new);
        if self.earlier > 0 {
            said = format!("{said}, {} came before", self.earlier);
        }
        if !self.told.is_empty() {
            said = format!("{said}; {}", self.told.join("; "));
        }
        shortened(said)
    }
}

/// Everything that a look needs.
struct Picker {
    store: Store,
    inbox: Inbox,
    outbound: Outbound,
    settings: Settings,
    most_bytes: u64,
    owner: String,
    clock: fn() -> DateTime<Utc>,
}

impl Picker {
    async fn work(&self, mut stopped: watch::Receiver<bool>) {
        let mut looks: FuturesUnordered<LocalBoxFuture<'_, ()>> = FuturesUnordered::new();
        while !*stopped.borrow() {
            let room = self.settings.channels_at_once.max(1).saturating_sub(looks.len());
            if room > 0 {
                match self.due(room).await {
                    Ok(due) => due.into_iter().for_each(|(channel, turn)| {
                        looks.push(Box::pin(async move { self.turn(channel, turn).await }));
                    }),
                    Err(error) => tracing::warn!(%error, "nothing can be picked up now"),
                }
            }
            tokio::select! {
                biased;
                _ = stopped.changed() => {}
                Some(()) = looks.next() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        drop(looks);
        let owner = self.owner.clone();
        if let Err(error) = self.off_thread(move |store| store.release_turns(&owner)).await {
            tracing::warn!(%error, "turns are not given back, and run out");
        }
    }

    /// Takes up to so many turns that are due.
    async fn due(&self, most: usize) -> Result<Vec<(PartnerChannel, Turn)>, StoreError> {
        let (owner, now, lease) = (self.owner.clone(), (self.clock)(), self.lease());
        self.off_thread(move |store| {
            let operator = Caller::operator();
            let turns = store.turns(&operator)?;
            let turns: HashMap<&str, &ChannelTurn> =
                turns.iter().map(|turn| (turn.channel.as_str(), turn)).collect();
            let (mut due, mut after) = (Vec::new(), None::<String>);
            loop {
                let page = store.channels(&operator, None, after.as_deref(), PAGE)?;
                let Some(last) = page.last() else { return Ok(due) };
                after = Some(last.channel.id.clone());
                for record in page {
                    let channel = record.channel;
                    let free = turns.get(channel.id.as_str()).is_none_or(|turn| turn.is_due(now));
                    if due.len() == most || every(&channel).is_none() || !free {
                        continue;
                    }
                    if let Some(turn) = store.take_turn(&channel.id, &owner, now, lease)? {
                        due.push((channel, turn));
                    }
                }
            }
        })
        .await
    }

    /// Looks once, keeps the turn meanwhile, and ends it.
    async fn turn(&self, channel: PartnerChannel, turn: Turn) {
        let began = Instant::now();
        let Some(looked) = self.held(&channel, &turn).await else {
            tracing::warn!(channel = channel.id, "another process looks now");
            return;
        };
        let now = (self.clock)();
        let end = report(&channel, &turn, looked, began.elapsed());
        let end = TurnEnd {
            next: now + self.until_next(&channel, if end.sound { 0 } else { turn.failures + 1 }),
            ..end
        };
        if let Err(error) = self.off_thread(move |store| store.end_turn(&turn, &end, now)).await {
            tracing::warn!(%error, channel = channel.id, "a turn is not ended, and runs out");
        }
    }

    /// Looks while the turn is ours; `None` where it was lost.
    async fn held(&self, channel: &PartnerChannel, turn: &Turn) -> Option<Result<Look, PickError>> {
        let most = self.settings.carry_seconds.max(1);
        let looking = tokio::time::timeout(Duration::from_secs(most), self.look_at(channel, &turn.mark));
        tokio::pin!(looking);
        let third = Duration::from_millis(u64::from(self.settings.lease_seconds.max(1)) * 1_000 / 3);
        let mut beat = tokio::time::interval(third);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                looked = &mut looking => return Some(looked.unwrap_or(Err(PickError::Slow(most)))),
                _ = beat.tick() => {
                    let (turn, now) = (turn.clone(), (self.clock)());
                    match self.off_thread(move |store| store.renew_turn(&turn, now)).await {
                        Ok(()) => {}
                        Err(StoreError::LeaseLost) => return None,
                        Err(error) => tracing::warn!(%error, channel = channel.id, "a turn is not kept for now"),
                    }
                }
            }
        }
    }

    async fn look_at(&self, channel: &PartnerChannel, mark: &str) -> Result<Look, PickError> {
        let (place, pick_up) = match &channel.by {
            Channel::Sftp(settings) => match &settings.pick_up {
                Some(pick_up) => (Place::sftp(&self.outbound, settings).await?, pick_up),
                None => return Ok(Look::default()),
            },
            Channel::Folder(settings) => match &settings.pick_up {
                Some(pick_up) => (Place::folders(&self.outbound), pick_up),
                None => return Ok(Look::default()),
            },
            Channel::Https(settings) => return self.pull(channel, settings, mark).await,
            Channel::As2(_) | Channel::Webhook(_) => return Ok(Look::default()),
        };
        let looked = self.look(channel, &place, pick_up).await;
        place.close().await;
        looked
    }

    /// How long until the next look: as agreed, longer after failures, and drawn out a little, so that not everybody comes at once.
    fn until_next(&self, channel: &PartnerChannel, failures: u32) -> TimeDelta {
        let seconds = i64::from(every(channel).unwrap_or(60));
        let agreed = TimeDelta::seconds(seconds << failures.min(6));
        let agreed = if failures == 0 { agreed } else { agreed.min(RAREST.max(TimeDelta::seconds(seconds))) };
        let byte = random::<1>().map_or(0, |[byte]| byte);
        agreed + agreed * i32::from(byte) / 2_550
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.settings.lease_seconds.max(1)))
    }

    /// Runs a question to the database on a thread that may wait.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|_| {
            Err(StoreError::Damaged("a question to the database ended in a panic".to_owned()))
        })
    }
}

/// Seconds between two looks; `None` where nothing is looked for by a channel.
fn every(channel: &PartnerChannel) -> Option<u32> {
    match &channel.by {
        Channel::Sftp(settings) => settings.pick_up.as_ref().map(|pick_up| pick_up.every_seconds),
        Channel::Folder(settings) => settings.pick_up.as_ref().map(|pick_up| pick_up.every_seconds),
        Channel::Https(settings) => settings.pull.as_ref().map(|pull| pull.every_seconds),
        Channel::As2(_) | Channel::Webhook(_) => None,
    }
}

/// Says what a look found, in the log and in numbers; what is kept of it.
fn report(channel: &PartnerChannel, turn: &Turn, looked: Result<Look, PickError>, took: Duration) -> TurnEnd {
    let (id, kind) = (channel.id.as_str(), channel.by.kind());
    let counted = |outcome: &'static str, count: u64| {
        metrics::counter!("epcgate_picked_up_total", "kind" => kind, "outcome" => outcome).increment(count);
    };
    let outcome = if looked.is_ok() { "success" } else { "failure" };
    metrics::counter!("epcgate_looks_total", "kind" => kind, "outcome" => outcome).increment(1);
    metrics::histogram!("epcgate_look_seconds", "kind" => kind).record(took.as_secs_f64());
    let next = DateTime::UNIX_EPOCH;
    match looked {
        Ok(look) => {
            for (word, count) in [("new", look.new), ("earlier", look.earlier), ("left", look.left)] {
                counted(word, count);
            }
            let said = look.said();
            if look.new > 0 || look.left > 0 {
                tracing::info!(channel = id, said, "picked up");
            }
            let mark = look.mark.unwrap_or_else(|| turn.mark.clone());
            TurnEnd { next, sound: true, taken: look.new, said, mark }
        }
        Err(error) => {
            let said = shortened(error.to_string());
            if error.needs_somebody() {
                tracing::error!(channel = id, said, "nothing is picked up until somebody mends this");
            } else {
                tracing::warn!(channel = id, said, "nothing is picked up now");
            }
            TurnEnd { next, sound: false, taken: 0, said, mark: turn.mark.clone() }
        }
    }
}

fn shortened(text: String) -> String {
    text.chars().take(MOST_SAID).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_told_in_words() {
        let look = Look { new: 2, earlier: 1, told: vec!["a: b\nc".to_owned()], ..Look::default() };
        assert_eq!(look.said(), "2 taken, 1 came before; a: b c");
        assert_eq!(Look::default().said(), "0 taken");
        assert_eq!(shortened("é".repeat(9_000)).chars().count(), MOST_SAID);
    }

    #[test]
    fn one_file_holds_no_other_up() {
        assert!(PickError::from(SftpError::Changed("a".to_owned())).is_about_one_file());
        assert!(!PickError::from(SftpError::Broken("a".to_owned())).is_about_one_file());
        assert!(PickError::from(InboxError::TooLarge(7)).is_about_one_file());
        assert!(!PickError::from(InboxError::Busy).is_about_one_file());
    }

    #[test]
    fn what_only_somebody_can_mend_is_told_so() {
        let key = SftpError::HostKey { offered: "a".to_owned(), known: Vec::new() };
        assert!(PickError::from(key).needs_somebody());
        assert!(!PickError::from(SftpError::Timeout("a".to_owned())).needs_somebody());
    }
}
