//! What is known of units that came back, gathered for many at one time.

use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::SaleableReturn;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::returns::ReturnError;
use crate::returns::content::Content;
use crate::returns::content::Sale;
use crate::returns::content::Sides;
use crate::returns::content::sale_of_case;
use crate::returns::content::sales;
use crate::returns::information::Information;
use crate::returns::information::Informations;
use crate::returns::reading::Candidate;
use crate::store::AskedUnit;
use crate::store::Deed;
use crate::store::EarlierReturn;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::UnitFacts;

/// What is known of one package: the one scanned, or one in a scanned case.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its serial number.
    pub(super) serial: String,
    /// What the ledger, holds, findings and receipts say.
    pub(super) facts: UnitFacts,
    /// By which event it ended.
    pub(super) ended: Option<Deed>,
    /// The last event that names it.
    pub(super) last: Option<Deed>,
    /// Another return that has it.
    pub(super) earlier: Option<EarlierReturn>,
    /// An earlier scan of this return that has it.
    pub(super) same: Option<i64>,
}

/// Everything known of what a scan names.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// What was scanned.
    pub(super) candidate: Candidate,
    /// The newest sale of ours with it.
    pub(super) sale: Option<Sale>,
    /// Transaction information of that sale.
    pub(super) information: Option<Information>,
    /// Of itself.
    pub(super) itself: Known,
    /// Where it is a case: what was in it when it was sold, and of each package in it.
    pub(super) content: Option<(Content, Vec<Known>)>,
}

/// Gathers for one return, remembering what it has seen.
pub(super) struct Gathering {
    store: Store,
    caller: Caller,
    returned: SaleableReturn,
    sides: Sides,
    informations: Informations,
    /// Lines in which this run has seen keys.
    seen: HashMap<String, i64>,
    /// Classes that stand as containers.
    holding: HashMap<String, bool>,
}

/// A scanned unit with its sale and content, before anything else is known.
struct Placed {
    candidate: Candidate,
    sale: Option<Sale>,
    content: Option<Content>,
}

impl Gathering {
    pub(super) fn new(
        (store, caller): (&Store, &Caller),
        returned: &SaleableReturn,
        own: Gln,
    ) -> Result<Gathering, StoreError> {
        Ok(Gathering {
            store: store.clone(),
            caller: caller.clone(),
            returned: returned.clone(),
            sides: Sides::of(store, caller, own, returned.customer)?,
            informations: Informations::default(),
            seen: HashMap::new(),
            holding: HashMap::new(),
        })
    }

    /// What is known of these, in their order.
    pub(super) fn gather(
        &mut self,
        candidates: Vec<Candidate>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Evidence>, ReturnError> {
        let placed = self.placed(candidates, now)?;
        let mut asked = Vec::new();
        for one in &placed {
            let lot = one.candidate.question.lot.to_string();
            asked.push(asked_unit(&one.candidate.epc, lot.clone()));
            let packages = one.content.iter().flat_map(|content| &content.packages);
            asked.extend(packages.map(|epc| asked_unit(epc, lot.clone())));
        }
        let mut known = self.known(&asked)?.into_iter();
        let mut all = Vec::with_capacity(placed.len());
        for Placed { candidate, sale, content } in placed {
            let itself = known.next().unwrap_or_default();
            let content = content.map(|content| {
                let inside: Vec<Known> = known.by_ref().take(content.packages.len()).collect();
                (content, inside)
            });
            let information = match &sale {
                Some(sale) => Some(self.informations.of(&self.store, &self.caller, sale.shipment)?.clone()),
                None => None,
            };
            let mut evidence = Evidence { candidate, sale, information, itself, content };
            self.note_seen(&mut evidence);
            all.push(evidence);
        }
        Ok(all)
    }

    fn placed(&mut self, candidates: Vec<Candidate>, now: DateTime<Utc>) -> Result<Vec<Placed>, ReturnError> {
        let mut cases = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            cases.push(self.may_hold(&candidate.epc)?);
        }
        let single = candidates.iter().zip(&cases).filter(|(_, case)| !**case);
        let keys: Vec<&str> = single.map(|(candidate, _)| candidate.key.as_str()).collect();
        let sold = sales(&self.store, &self.caller, &self.sides, &keys)?;
        let mut placed = Vec::with_capacity(candidates.len());
        for (candidate, case) in candidates.into_iter().zip(cases) {
            let (sale, content) = if case {
                let asked = (&candidate.epc, now);
                match sale_of_case(&self.store, &self.caller, &self.sides, asked) {
                    Ok((sale, content)) => (sale, Some(content)),
                    // What no packing is has no packages either.
                    Err(ReturnError::Hierarchy(_)) => (None, Some(Content::default())),
                    Err(error) => return Err(error),
                }
            } else {
                (sold.get(&candidate.key).cloned(), None)
            };
            placed.push(Placed { candidate, sale, content });
        }
        Ok(placed)
    }

    /// True where others of its class stand as containers: then it is a case.
    fn may_hold(&mut self, epc: &Epc) -> Result<bool, StoreError> {
        let Some(class) = epc.class_key() else { return Ok(false) };
        if let Some(known) = self.holding.get(&class) {
            return Ok(*known);
        }
        let holds = self.store.has_parents_of(&class)?;
        self.holding.insert(class, holds);
        Ok(holds)
    }

    fn known(&self, asked: &[AskedUnit]) -> Result<Vec<Known>, StoreError> {
        let (store, caller, id) = (&self.store, &self.caller, self.returned.id.as_str());
        let facts = store.unit_facts(caller, "", &[], asked)?;
        let keys: Vec<&str> = asked.iter().map(|unit| unit.key.as_str()).collect();
        let earlier = store.earlier_returns(caller, id, &keys)?;
        let same = store.same_return(caller, id, &keys)?;
        let rows = facts.iter().filter_map(|facts| facts.item.as_ref());
        let events: BTreeSet<i64> = rows.flat_map(|row| [row.ended, row.moved]).flatten().collect();
        let deeds = store.deeds(caller, &events.into_iter().collect::<Vec<_>>())?;
        let deed = |event: Option<i64>| event.and_then(|event| deeds.get(&event).cloned());
        let known = asked.iter().zip(facts).map(|(unit, facts)| Known {
            serial: unit.serial.clone().unwrap_or_default(),
            ended: deed(facts.item.as_ref().and_then(|row| row.ended)),
            last: deed(facts.item.as_ref().and_then(|row| row.moved)),
            earlier: earlier.get(&unit.key).cloned(),
            same: same.get(&unit.key).copied(),
            facts,
        });
        Ok(known.collect())
    }

    /// Tells which earlier scan has the same unit, or has it in its case, and remembers this one, unless it may be at fault
    /// and is scanned again for that.
    fn note_seen(&mut self, evidence: &mut Evidence) {
        let (line, doubtful) = (evidence.candidate.line, evidence.candidate.question.doubtful);
        let mut note = |key: String, known: &mut Known| {
            let first = match doubtful {
                true => self.seen.get(&key).copied().unwrap_or(line),
                false => *self.seen.entry(key).or_insert(line),
            };
            known.same = known.same.into_iter().chain([first]).min().filter(|first| *first < line);
        };
        note(evidence.candidate.key.clone(), &mut evidence.itself);
        if let Some((content, inside)) = &mut evidence.content {
            for (epc, known) in content.packages.iter().zip(inside) {
                note(epc.key(), known);
            }
        }
    }
}

fn asked_unit(epc: &Epc, lot: String) -> AskedUnit {
    AskedUnit { key: epc.key(), gtin: epc.gtin(), serial: epc.serial().map(String::from), lot }
}
