//! Outbox: what is due is sent, in order by each channel, and sent again by a schedule until the receiver has it.

use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use futures_util::StreamExt;
use futures_util::stream;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::access::Caller;
use crate::exchange::Body;
use crate::exchange::Carrier;
use crate::exchange::CarryError;
use crate::exchange::Outgoing;
use crate::exchange::Receipt;
use crate::exchange::Settings;
use crate::store::Content;
use crate::store::DeliveryState;
use crate::store::Due;
use crate::store::NewDelivery;
use crate::store::Queue;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TryEnd;

/// Bytes of a request and of an answer that are kept.
const KEPT: usize = 4_096;

/// What is to be sent, and how. Clones share it.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
    settings: Settings,
    stopped: watch::Receiver<bool>,
}

impl Outbox {
    /// An outbox of this store.
    pub fn new(store: &Store, settings: &Settings) -> Outbox {
        Outbox { store: store.clone(), settings: settings.clone(), stopped: watch::channel(false).1 }
    }

    /// The same that sends nothing more once it is told to stop.
    pub(super) fn until(mut self, stopped: watch::Receiver<bool>) -> Outbox {
        self.stopped = stopped;
        self
    }

    /// Puts a delivery; its identifier, that of the earlier one where the same was put before, and `None` where there is no
    /// such channel.
    pub fn put(
        &self,
        caller: &Caller,
        delivery: &NewDelivery,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        self.store.put_delivery(caller, delivery, now)
    }

    /// Ends a delivery whose receipt came later; false where none is waited for.
    pub fn confirm(&self, id: &str, answer: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let ended = self.ended(DeliveryState::Delivered, None, (String::new(), answer.to_owned()));
        self.store.end_awaiting(id, &ended, now)
    }

    /// Says that the receiver refused a delivery by a receipt that came later; false where none is waited for. It is sent
    /// again, unless that would be `never` different.
    pub fn reject(
        &self,
        id: &str,
        (answer, never): (&str, bool),
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some(delivery) = self.store.delivery(&Caller::operator(), id)? else { return Ok(false) };
        let error = CarryError { answer: answer.to_owned(), never, ..CarryError::default() };
        let ended = self.failed((id, delivery.tries), error, now);
        self.store.end_awaiting(id, &ended, now)
    }

    /// Sends everything that is due, by several channels at a time; how many tries were made. `owner` is a name that no other
    /// process has.
    pub async fn send_due<C: Carrier>(
        &self,
        carrier: &C,
        owner: &str,
        now: &impl Fn() -> DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let turns = stream::unfold((), |()| async move {
            if *self.stopped.borrow() {
                return None;
            }
            let (owner, at, lease) = (owner.to_owned(), now(), self.lease());
            let taken =
                self.off_thread(move |store| store.take_queue(&owner, at, lease)).await.transpose()?;
            Some((taken, ()))
        });
        let mut sent = 0;
        let mut working = std::pin::pin!(
            turns
                .map(|queue| async move { self.work(carrier, &queue?, now).await })
                .buffer_unordered(self.settings.channels_at_once.max(1))
        );
        while let Some(worked) = working.next().await {
            sent += worked?;
        }
        Ok(sent)
    }

    /// Sends by one channel until nothing is due by it.
    async fn work<C: Carrier>(
        &self,
        carrier: &C,
        queue: &Queue,
        now: &impl Fn() -> DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut sent = 0;
        let outcome = loop {
            if *self.stopped.borrow() {
                break Ok(());
            }
            match self.send_next(carrier, queue, now).await {
                Ok(true) => sent += 1,
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let giving_back = queue.clone();
        match outcome {
            Ok(()) => self.off_thread(move |store| store.release_queue(&giving_back)).await?,
            Err(StoreError::LeaseLost) => {
                tracing::warn!(channel = queue.channel.id, "another process has taken the channel");
            }
            Err(error) => return Err(error),
        }
        Ok(sent)
    }

    async fn send_next<C: Carrier>(
        &self,
        carrier: &C,
        queue: &Queue,
        now: &impl Fn() -> DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (asking, at) = (queue.clone(), now());
        let Some(due) = self.off_thread(move |store| store.next_delivery(&asking, at)).await? else {
            return Ok(false);
        };
        let tries = (due.delivery.id.as_str(), due.delivery.tries);
        let began = Instant::now();
        let mut ended = match due.delivery.state {
            DeliveryState::Awaiting => {
                let silent =
                    CarryError { answer: "no receipt came in time".to_owned(), ..CarryError::default() };
                self.failed(tries, silent, now())
            }
            _ => match self.carry(carrier, queue, &self.outgoing(queue, &due, at), now).await? {
                Some(Ok(receipt)) => self.delivered(receipt, now()),
                Some(Err(error)) => self.failed(tries, error, now()),
                None => return Ok(false),
            },
        };
        ended.took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        report(&due, &ended);
        let (marking, at) = (queue.clone(), now());
        self.off_thread(move |store| store.end_try(&marking, &due, &ended, at)).await?;
        Ok(true)
    }

    /// Sends one delivery while the lease of its channel is renewed; `None` where we are told to stop.
    async fn carry<C: Carrier>(
        &self,
        carrier: &C,
        queue: &Queue,
        outgoing: &Outgoing,
        now: &impl Fn() -> DateTime<Utc>,
    ) -> Result<Option<Result<Receipt, CarryError>>, StoreError> {
        let most = Duration::from_secs(self.settings.carry_seconds.max(1));
        let mut carrying = std::pin::pin!(tokio::time::timeout(most, carrier.carry(outgoing)));
        let mut stopped = self.stopped.clone();
        let mut told = std::pin::pin!(async move {
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let third = Duration::from_millis(u64::from(self.settings.lease_seconds.max(1)) * 1_000 / 3);
        let mut beat = tokio::time::interval(third);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                carried = &mut carrying => return Ok(Some(carried.unwrap_or_else(|_| {
                    Err(CarryError {
                        answer: format!("it took more than {} s", most.as_secs()),
                        ..CarryError::default()
                    })
                }))),
                () = &mut told => return Ok(None),
                _ = beat.tick() => {
                    let (keeping, at) = (queue.clone(), now());
                    self.off_thread(move |store| store.renew_queue(&keeping, at)).await?;
                }
            }
        }
    }

    fn outgoing(&self, queue: &Queue, due: &Due, at: DateTime<Utc>) -> Outgoing {
        let Due { delivery, content, .. } = due;
        Outgoing {
            id: delivery.id.clone(),
            channel: queue.channel.clone(),
            cargo: delivery.cargo,
            name: delivery.name.clone(),
            media_type: delivery.media_type.clone(),
            at,
            attempt: delivery.tries,
            body: match content {
                Content::Bytes(bytes) => Body::Bytes(bytes.clone()),
                Content::Document(document) => Body::Document(self.store.clone(), *document),
            },
        }
    }

    fn delivered(&self, receipt: Receipt, now: DateTime<Utc>) -> TryEnd {
        let told = (receipt.request, receipt.answer);
        match receipt.awaited {
            Some(time) => self.ended(DeliveryState::Awaiting, Some(now + time), told),
            None => self.ended(DeliveryState::Delivered, None, told),
        }
    }

    fn failed(&self, (id, tries): (&str, u32), error: CarryError, now: DateTime<Utc>) -> TryEnd {
        let told = (error.request, error.answer);
        let delay = self.delay(id, tries).map(|delay| error.after.map_or(delay, |after| after.max(delay)));
        match delay.filter(|_| !error.never) {
            Some(delay) => self.ended(DeliveryState::Waiting, Some(now + delay), told),
            None => self.ended(DeliveryState::Dead, None, told),
        }
    }

    fn ended(
        &self,
        state: DeliveryState,
        next: Option<DateTime<Utc>>,
        (request, answer): (String, String),
    ) -> TryEnd {
        TryEnd {
            state,
            next,
            took: 0,
            request: shortened(request),
            answer: shortened(answer),
            pause_after: TimeDelta::days(i64::from(self.settings.pause_days.max(1))),
        }
    }

    /// How long after so many tries the next one is; `None` where there is none. It is drawn out a little, by an amount that
    /// differs from delivery to delivery, so that not everything comes at once when a receiver is back.
    fn delay(&self, id: &str, tries: u32) -> Option<TimeDelta> {
        let seconds = *self.settings.schedule_seconds.get(usize::try_from(tries).ok()?)?;
        let digest = Sha256::digest(format!("{id}:{tries}"));
        let byte = digest.first().copied().unwrap_or_default();
        let drawn = f64::from(seconds) * self.settings.jitter.clamp(0.0, 1.0) * f64::from(byte) / 255.0;
        Some(TimeDelta::seconds(i64::from(seconds)) + TimeDelta::milliseconds((drawn * 1_000.0) as i64))
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

fn shortened(mut text: String) -> String {
    if text.len() > KEPT {
        let end = (0..=KEPT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    // PostgreSQL keeps no NUL in a text.
    text.replace('\0', "\u{fffd}")
}

fn report(due: &Due, ended: &TryEnd) {
    let (id, channel, tries) = (&due.delivery.id, &due.delivery.channel, due.delivery.tries);
    let outcome = ended.state.as_str();
    metrics::counter!("epcgate_deliveries_total", "outcome" => outcome).increment(1);
    match ended.state {
        DeliveryState::Delivered | DeliveryState::Awaiting => {
            tracing::info!(id, channel, tries, outcome, "sent");
        }
        DeliveryState::Waiting => tracing::warn!(id, channel, tries, answer = ended.answer, "not sent"),
        DeliveryState::Dead => tracing::error!(id, channel, tries, answer = ended.answer, "given up"),
    }
}
