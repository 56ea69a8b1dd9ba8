//! One job from its first byte to its end: the storing half of a capture, and what becomes of the document.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;

use crate::capture::Policy;
use crate::capture::reading;
use crate::capture::reading::Belt;
use crate::capture::reading::Ending;
use crate::capture::reading::Judging;
use crate::capture::reading::Piece;
use crate::capture::reading::Terms;
use crate::epcis::CaptureDefect;
use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::CaptureJob;
use crate::epcis::Header;
use crate::formats::Defects;
use crate::formats::Place;
use crate::formats::Syntax;
use crate::reconcile;
use crate::reconcile::Examined;
use crate::reconcile::ReconcileError;
use crate::store::Batch;
use crate::store::Begin;
use crate::store::CaptureSession;
use crate::store::Conflict;
use crate::store::Outcome;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Work;

/// How long a document may bring no events, as a hopeless one does, before its lease is renewed.
const RENEWED_EVERY: Duration = Duration::from_secs(10);

/// How often a job that brings nothing looks whether the process stops.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// Batches of one job: one is filled while the other is stored.
const BATCHES: usize = 2;

/// Whether the process stops; a worker looks at it between two batches.
#[derive(Clone, Debug, Default)]
pub struct Stopped(Arc<AtomicBool>);

impl Stopped {
    /// A process that goes on.
    pub fn never() -> Stopped {
        Stopped::default()
    }

    /// Says that the process stops.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once it does.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Captures the document of a job; `None` where the process stops before, so that the job is given back.
///
/// Fails where the store does; the job can then be taken again.
pub fn run(
    store: &Store,
    work: &Work,
    policy: &Policy,
    stopped: &Stopped,
    now: fn() -> DateTime<Utc>,
) -> Result<Option<CaptureJob>, StoreError> {
    let input = store.input(work.job.document)?;
    let rollback = work.job.behaviour == CaptureErrorBehaviour::Rollback;
    let (hopeless, abandoned) = (AtomicBool::new(false), AtomicBool::new(false));
    let terms = Terms {
        hopeless: &hopeless,
        abandoned: &abandoned,
        rollback,
        most_events: policy.limits.events(),
        ledger: store.keeps_ledger().then(|| Judging { store, overrides: &policy.overrides, now: now() }),
    };
    let (pieces, arriving) = sync_channel(1);
    let (returning, empty) = channel();
    for _ in 0..BATCHES {
        // The other end lives: it is a few lines below.
        let _ = returning.send(Batch::new()?);
    }
    let belt = Belt { pieces, empty };
    let storing =
        Storing { store, work, policy, hopeless: &hopeless, rollback, session: None, defects: Vec::new() };
    thread::scope(|scope| {
        scope.spawn(|| {
            let belt = belt;
            reading::read(Box::new(input), &terms, &belt);
        });
        let end = storing.drain(arriving, returning, stopped, now);
        abandoned.store(true, Ordering::Relaxed);
        end
    })
}

/// The half that stores what the other half reads.
struct Storing<'a> {
    store: &'a Store,
    work: &'a Work,
    policy: &'a Policy,
    hopeless: &'a AtomicBool,
    rollback: bool,
    session: Option<CaptureSession>,
    defects: Vec<CaptureDefect>,
}

impl Storing<'_> {
    fn drain(
        mut self,
        arriving: Receiver<Piece>,
        returning: Sender<Batch>,
        stopped: &Stopped,
        now: fn() -> DateTime<Utc>,
    ) -> Result<Option<CaptureJob>, StoreError> {
        let mut renewed = Instant::now();
        loop {
            if stopped.is_stopped() {
                self.store.give_back(self.work)?;
                return Ok(None);
            }
            match arriving.recv_timeout(LOOKS_EVERY) {
                Ok(Piece::Header(header, syntax)) => self.begin(&header, syntax)?,
                Ok(Piece::Events(mut batch, places)) => {
                    self.add(&mut batch, &places)?;
                    renewed = Instant::now();
                    // At the end of the document nobody needs it any more.
                    let _ = returning.send(*batch);
                }
                Ok(Piece::End(ending)) => return self.end(*ending, now()).map(Some),
                Ok(Piece::Failed(error)) => return Err(error),
                Err(RecvTimeoutError::Timeout) if renewed.elapsed() < RENEWED_EVERY => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.store.renew_lease(self.work)?;
                    renewed = Instant::now();
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StoreError::Damaged("the reader of a document ended early".to_owned()));
                }
            }
        }
    }

    fn begin(&mut self, header: &Header, syntax: Syntax) -> Result<(), StoreError> {
        match self.store.begin_capture(self.work, header, syntax)? {
            Begin::Ready(session) => self.session = Some(session),
            Begin::InstanceReused(job) => {
                self.hopeless.store(true, Ordering::Relaxed);
                self.defects.push(instance_reused(header, job.as_deref()));
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: &mut Batch, places: &[(u64, Place)]) -> Result<(), StoreError> {
        let Some(session) = self.session.as_mut().filter(|_| !self.hopeless.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        let added = self.store.add_events(session, batch)?;
        let room = Defects::KEPT.saturating_sub(self.defects.len());
        self.defects.extend(added.conflicts.iter().take(room).map(|conflict| conflicting(conflict, places)));
        if self.rollback && !added.conflicts.is_empty() {
            self.hopeless.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Publishes what is sound, or refuses the document, as was asked.
    fn end(mut self, ending: Ending, now: DateTime<Utc>) -> Result<CaptureJob, StoreError> {
        let Ending { header, read, defects, erroneous, refused, prefixes, examined } = ending;
        let room = Defects::KEPT.saturating_sub(self.defects.len());
        self.defects.extend(defects.into_iter().take(room));
        self.defects.sort_by_key(|defect| defect.event.unwrap_or(u64::MAX));
        let hopeless = self.hopeless.load(Ordering::Relaxed) || refused || (self.rollback && erroneous);
        match (self.session.take(), header) {
            (Some(session), Some(header)) if !hopeless => {
                self.store.learn_prefixes(&prefixes)?;
                self.store.learn_products(self.work.job.document, &header, now)?;
                let outcome = Outcome { events_read: read, defects: std::mem::take(&mut self.defects) };
                let job = self.store.publish(session, &header, outcome, now)?;
                self.reconcile(examined, now);
                Ok(job)
            }
            _ => self.store.refuse(self.work, read, self.defects, now),
        }
    }
}

impl Storing<'_> {
    /// Brings the published document into the ledger. What fails here is tried again by a worker: the document is
    /// captured whatever becomes of it.
    fn reconcile(&self, examined: Option<Result<Examined, ReconcileError>>, now: DateTime<Utc>) {
        let Some(examined) = examined else { return };
        let document = self.work.job.document;
        let done = examined.and_then(|examined| {
            reconcile::after_capture(self.store, (document, examined), &self.policy.cases, now)
        });
        if let Err(error) = done {
            tracing::error!(job = %self.work.job.id, %error, "the document is captured, but not in the ledger yet");
        }
    }
}

fn instance_reused(header: &Header, job: Option<&str>) -> CaptureDefect {
    let instance = header.sbdh.as_ref().and_then(|sbdh| sbdh.instance_identifier()).unwrap_or_default();
    let earlier = job.map(|job| format!(" (capture job {job})")).unwrap_or_default();
    CaptureDefect {
        rule: "instance-identifier-reused".into(),
        is_error: true,
        message: format!(
            "the sender used the InstanceIdentifier {instance} before, for other content{earlier}"
        )
        .into(),
        fix: "give each transmission an InstanceIdentifier of its own".into(),
        ..CaptureDefect::default()
    }
}

fn conflicting(conflict: &Conflict, places: &[(u64, Place)]) -> CaptureDefect {
    let at = places.binary_search_by_key(&conflict.position, |(position, _)| *position);
    let place = at.ok().and_then(|at| places.get(at)).map(|(_, place)| *place).unwrap_or_default();
    CaptureDefect {
        rule: "event-id-conflict".into(),
        is_error: true,
        message: format!("the eventID {} stands for an event with other content", conflict.event_id).into(),
        fix: "give the event an eventID of its own, or send an error declaration".into(),
        line: place.line,
        column: place.column,
        event: Some(conflict.position),
        epc: Some(conflict.event_id.clone()),
        ..CaptureDefect::default()
    }
}
