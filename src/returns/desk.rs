//! The desk: takes a return, looks at its scans many at a time, asks makers, and writes each decision down.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use tokio::task::JoinSet;
use tokio::task::spawn_blocking;

use crate::access::Caller;
use crate::capture::Stopped;
use crate::dscsa::ReturnCheck;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::returns::ReturnError;
use crate::returns::Settings;
use crate::returns::checks;
use crate::returns::decision;
use crate::returns::evidence::Evidence;
use crate::returns::evidence::Gathering;
use crate::returns::reading;
use crate::store::DecidedUnit;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TakenReturn;
use crate::verify::Verification;
use crate::verify::Verifier;
use crate::verify::VerifyError;

/// Scans looked at together.
const TOGETHER: i64 = 200;

/// Decisions written in one transaction.
const WRITTEN_AT_ONCE: usize = 200;

/// The longest that a decision waits to be written.
const WRITES_EVERY: Duration = Duration::from_secs(1);

/// Where returns are worked on. Clones share everything.
#[derive(Clone)]
pub struct Desk {
    store: Store,
    verifier: Verifier,
    settings: Settings,
    own: Gln,
    now: fn() -> DateTime<Utc>,
}

/// How work on a return ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every scan has a decision.
    Checked,
    /// The process stops; the return is given back.
    Stopped,
}

/// A unit whose maker is to be asked.
type Question = (Evidence, Vec<ReturnCheck>);

/// A maker's answer to it.
type Answered = (Question, Result<Verification, VerifyError>);

/// What is under way for one return.
struct Work<'a> {
    desk: &'a Desk,
    taken: &'a TakenReturn,
    /// `None` while it gathers on another thread.
    gathering: Option<Gathering>,
    after: i64,
    waiting: VecDeque<Question>,
    asking: JoinSet<Answered>,
    decided: Vec<DecidedUnit>,
}

impl Desk {
    /// A desk over this store, for the company of this GLN.
    pub fn new(
        store: &Store,
        verifier: &Verifier,
        settings: &Settings,
        own: Gln,
        now: fn() -> DateTime<Utc>,
    ) -> Desk {
        Desk { store: store.clone(), verifier: verifier.clone(), settings: settings.clone(), own, now }
    }

    /// Takes the oldest return that waits, or the one of this id; `None` where there is none that nobody works on.
    pub fn take(&self, owner: &str, id: Option<&str>) -> Result<Option<TakenReturn>, StoreError> {
        self.store.take_return(owner, id, (self.now)())
    }

    /// Decides every scan of a return that has no decision; `told` hears how many were decided. Must run on a Tokio runtime.
    ///
    /// What was written stays where it fails; the return is then taken up again when the lease has run out.
    pub async fn work(
        &self,
        taken: &TakenReturn,
        stopped: &Stopped,
        told: &mut dyn FnMut(u64),
    ) -> Result<Ended, ReturnError> {
        let gathering = Gathering::new((&self.store, &Caller::operator()), &taken.saleable_return, self.own)?;
        let mut work = Work {
            desk: self,
            taken,
            gathering: Some(gathering),
            after: 0,
            waiting: VecDeque::new(),
            asking: JoinSet::new(),
            decided: Vec::new(),
        };
        let mut more = true;
        loop {
            if stopped.is_stopped() {
                self.store.give_back_return(taken)?;
                return Ok(Ended::Stopped);
            }
            while more && work.asking.len() < self.settings.at_once.max(1) && work.waiting.is_empty() {
                more = work.look_at_more().await?;
                if work.write_when(WRITTEN_AT_ONCE, told).await? {
                    return Ok(Ended::Checked);
                }
            }
            work.ask();
            let answered = tokio::time::timeout(WRITES_EVERY, work.asking.join_next());
            let least = match answered.await {
                Ok(Some(Ok(answered))) => {
                    work.decide(answered)?;
                    WRITTEN_AT_ONCE
                }
                // A question that was cut off keeps its scan undecided; it is asked when the return is taken up again.
                Ok(Some(Err(_))) => WRITTEN_AT_ONCE,
                Ok(None) if more || !work.waiting.is_empty() => WRITTEN_AT_ONCE,
                Ok(None) => {
                    (work.after, more) = (0, true);
                    0
                }
                Err(_) => 1,
            };
            if work.write_when(least, told).await? {
                return Ok(Ended::Checked);
            }
        }
    }
}

impl Work<'_> {
    /// Looks at the next scans; `false` where there are no more.
    async fn look_at_more(&mut self) -> Result<bool, ReturnError> {
        let Some(mut gathering) = self.gathering.take() else { return Ok(false) };
        let (desk, now) = (self.desk.clone(), (self.desk.now)());
        let (id, after) = (self.taken.saleable_return.id.clone(), self.after);
        let looked = spawn_blocking(move || {
            let looked = desk.look(&mut gathering, (&id, after), now);
            (gathering, looked)
        });
        let (gathering, looked) = looked.await.map_err(|_| StoreError::LeaseLost)?;
        self.gathering = Some(gathering);
        let Looked { last, decided, questions } = looked?;
        self.decided.extend(decided);
        self.waiting.extend(questions);
        let Some(last) = last else { return Ok(false) };
        self.after = last;
        Ok(true)
    }

    /// Asks makers, as many at one time as there may be.
    fn ask(&mut self) {
        while self.asking.len() < self.desk.settings.at_once.max(1) {
            let Some(question) = self.waiting.pop_front() else { return };
            let (verifier, now) = (self.desk.verifier.clone(), (self.desk.now)());
            self.asking.spawn(async move {
                let asked = question.0.candidate.question.clone();
                let answer = verifier.verify(&Caller::operator(), &asked, now).await;
                (question, answer)
            });
        }
    }

    fn decide(&mut self, ((evidence, checks), answer): Answered) -> Result<(), ReturnError> {
        match answer {
            Ok(answer) => {
                let unit = decision::decide(&evidence, checks, Some(&answer), (self.desk.now)());
                self.decided.push(DecidedUnit { unit, packages: keys(&evidence) });
                Ok(())
            }
            Err(VerifyError::Store(error)) => Err(error.into()),
            // It stays undecided, and is asked about again when the return is taken up again.
            Err(VerifyError::Stopping | VerifyError::Journal(_)) => Ok(()),
        }
    }

    /// Writes the decisions where there are so many; `true` where the return is checked then.
    async fn write_when(&mut self, least: usize, told: &mut dyn FnMut(u64)) -> Result<bool, ReturnError> {
        if self.decided.len() < least {
            return Ok(false);
        }
        let decided = std::mem::take(&mut self.decided);
        let (desk, taken, count) = (self.desk.clone(), self.taken.clone(), decided.len() as u64);
        let written = spawn_blocking(move || desk.store.record_decisions(&taken, &decided, (desk.now)()));
        let checked = written.await.map_err(|_| StoreError::LeaseLost)??;
        told(count);
        Ok(checked)
    }
}

/// What came of looking at some scans.
struct Looked {
    /// The last of them; `None` where there were none.
    last: Option<i64>,
    /// Those decided without their maker.
    decided: Vec<DecidedUnit>,
    /// Those whose maker is to be asked.
    questions: Vec<Question>,
}

impl Desk {
    fn look(
        &self,
        gathering: &mut Gathering,
        (id, after): (&str, i64),
        now: DateTime<Utc>,
    ) -> Result<Looked, ReturnError> {
        let scans = self.store.returned_units(&Caller::operator(), id, Some(None), (after, TOGETHER))?;
        let last = scans.last().map(|scan| scan.line);
        let (mut decided, mut candidates, mut questions) = (Vec::new(), Vec::new(), Vec::new());
        for scan in &scans {
            match reading::read(&self.store, scan, &self.settings.context, now)? {
                Ok(candidate) => candidates.push(candidate),
                Err(unit) => decided.push(DecidedUnit { unit, packages: Vec::new() }),
            }
        }
        for evidence in gathering.gather(candidates, now)? {
            let checks = checks::local(&evidence, now);
            if checks::is_worth_asking(&checks) {
                questions.push((evidence, checks));
            } else {
                let unit = decision::decide(&evidence, checks, None, now);
                decided.push(DecidedUnit { unit, packages: keys(&evidence) });
            }
        }
        Ok(Looked { last, decided, questions })
    }
}

fn keys(evidence: &Evidence) -> Vec<String> {
    let packages = evidence.content.iter().flat_map(|(content, _)| &content.packages);
    let mut keys: Vec<String> = packages.map(Epc::key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
