//! One scan: what it names, what is known of that, and what is in it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::Acceptance;
use crate::dscsa::Against;
use crate::dscsa::Observed;
use crate::dscsa::PartnerState;
use crate::dscsa::Problem;
use crate::dscsa::Receipt;
use crate::dscsa::ReceiptState;
use crate::dscsa::ReceiptVerdict;
use crate::dscsa::ReceivedUnit;
use crate::dscsa::ScanAnswer;
use crate::dscsa::UnitAnswer;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::gs1::Origin;
use crate::gs1::Scan;
use crate::gs1::ScannedDate;
use crate::reconcile::hierarchy::Tree;
use crate::reconcile::receipt::ReceiptError;
use crate::reconcile::receipt::judge::Label;
use crate::reconcile::receipt::judge::Setting;
use crate::reconcile::receipt::judge::judge;
use crate::reconcile::receipt::shipments;
use crate::store::AskedUnit;
use crate::store::ScanRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::UnitFacts;

/// How often a scan is tried again that another scan of the same unit overtook.
const TRIES: usize = 3;

/// Why nothing is taken of a file whose sender is being tested.
pub(super) const NOT_LIVE: &str = "its sender is not live yet, and its files are judged alone";

/// Answers one scan and writes it down. A container takes all its content with it as inferred.
///
/// Fails where there is no such receipt or where it is closed. What cannot be read is an answer and no failure.
pub fn scan(
    store: &Store,
    caller: &Caller,
    (receipt, text): (&str, &str),
    now: DateTime<Utc>,
) -> Result<ScanAnswer, ReceiptError> {
    let unknown = || ReceiptError::Unknown(receipt.to_owned());
    for _ in 0..TRIES {
        let receipt = store.receipt(caller, receipt)?.ok_or_else(unknown)?;
        if receipt.state != ReceiptState::Open {
            return Err(ReceiptError::Closed(receipt.id));
        }
        let judging = Judging::new(store, caller, &receipt, now)?;
        let scan = match read(store, text)? {
            Ok(scan) => scan,
            Err(words) => return Ok(ScanAnswer::Unread(words)),
        };
        if let Some(answer) = judging.answer(&scan)? {
            return Ok(ScanAnswer::Unit(Box::new(answer)));
        }
    }
    Err(ReceiptError::Closed(receipt.to_owned()))
}

/// Reads a scan. Where its reading names nothing that data know, and its separators may have been lost, the one reading
/// that agrees with the data in serial number, lot and expiry is taken; never one of several. The inner error says what to do.
pub fn read(store: &Store, text: &str) -> Result<Result<Scan, String>, StoreError> {
    let plain = Scan::consistent(text, |scan| fits(store, scan))?;
    Ok(match plain {
        Ok(scan) if scan.serial.is_none() && scan.sscc.is_none() => match scan.epc().scheme() {
            Some(scheme) if !scheme.is_class() => Ok(scan),
            _ => Err("this code names a product, not one package of it: scan the square code".to_owned()),
        },
        Ok(scan) => Ok(scan),
        Err(fault) => Err(fault.to_string()),
    })
}

/// True where the ledger knows this item, and, of a reading that was mended, with the same lot.
fn fits(store: &Store, scan: &Scan) -> Result<bool, StoreError> {
    let key = scan.epc().key();
    let Some(row) = store.item_rows(&[key.as_str()])?.remove(&key) else { return Ok(false) };
    if scan.origin != Origin::Mended {
        return Ok(true);
    }
    let Some(lot) = row.lot.map(|lot| store.lot(lot)).transpose()?.flatten() else { return Ok(false) };
    Ok(scan.lot.as_deref().is_none_or(|own| own == lot.lot))
}

/// One receipt at one moment: what its units are judged by.
pub(super) struct Judging<'a> {
    store: &'a Store,
    caller: &'a Caller,
    receipt: &'a Receipt,
    shipments: Vec<i64>,
    faults: HashMap<i64, Option<String>>,
    now: DateTime<Utc>,
}

/// A unit to be judged.
pub(super) struct Candidate {
    pub(super) epc: Epc,
    pub(super) label: Label,
    pub(super) container: bool,
}

impl<'a> Judging<'a> {
    pub(super) fn new(
        store: &'a Store,
        caller: &'a Caller,
        receipt: &'a Receipt,
        now: DateTime<Utc>,
    ) -> Result<Judging<'a>, StoreError> {
        let shipments = shipments(store, caller, receipt)?;
        let mut judging = Judging { store, caller, receipt, shipments, faults: HashMap::new(), now };
        for id in judging.shipments.clone() {
            if let Some((document, seller)) = store.shipment_origin(caller, id)? {
                let words = match judging.is_testing(&seller)? {
                    true => Some(NOT_LIVE.to_owned()),
                    false => {
                        let whole = judging.holds_whole_files(&seller)?;
                        let fault = store.document_fault(caller, document, whole)?;
                        fault.map(|fault| format!("{} ({})", fault.message, fault.rule))
                    }
                };
                judging.faults.insert(id, words);
            }
        }
        Ok(judging)
    }

    /// True where files of this seller are judged alone, as it is not live yet.
    fn is_testing(&self, seller: &str) -> Result<bool, StoreError> {
        let Ok(gln) = Gln::parse(seller) else { return Ok(false) };
        let standing = self.store.standing_with_gln(self.caller, gln)?;
        Ok(standing.is_some_and(|standing| standing.state == PartnerState::Testing))
    }

    /// True where nothing is taken of a faulty file of this seller.
    fn holds_whole_files(&self, seller: &str) -> Result<bool, StoreError> {
        let partner = match Gln::parse(seller) {
            Ok(gln) => self.store.partner_with_gln(self.caller, gln)?,
            Err(_) => None,
        };
        let agreed = partner.map(|partner| partner.policy.acceptance == Acceptance::HoldAll);
        Ok(agreed.unwrap_or(self.receipt.whole_files))
    }

    /// The answer to a scan; `None` where another scan of the same was faster.
    fn answer(&self, scan: &Scan) -> Result<Option<UnitAnswer>, ReceiptError> {
        let (store, caller, id) = (self.store, self.caller, self.receipt.id.as_str());
        let key = scan.epc().key();
        let earlier = store.received_unit(caller, id, &key)?;
        let notices = scan.notices.iter().map(ToString::to_string).collect();
        if earlier.as_ref().is_some_and(|unit| unit.observed == Observed::Scanned) {
            let unit = store.record_duplicate(caller, (id, &key), self.now)?;
            let Some(unit) = unit else { return Ok(None) };
            let problems = problems_of(&unit);
            return Ok(Some(UnitAnswer { unit, duplicate: true, problems, contents: Vec::new(), notices }));
        }
        let content = self.content(scan.epc())?;
        let label =
            Label { lot: scan.lot.as_deref().unwrap_or_default().to_owned(), expiry: scan.expiry.clone() };
        let container = !content.is_empty();
        let candidate = Candidate { epc: scan.epc().clone(), label, container };
        let (mut unit, mut problems) = self.judged(std::slice::from_ref(&candidate))?.remove(0);
        let mut inferred = Vec::new();
        for (mut inner, _) in self.judged(&content)? {
            (inner.observed, inner.through) = (Observed::Inferred, key.clone());
            inferred.push(inner);
        }
        let mut contents = BTreeMap::new();
        inferred.iter().for_each(|inner| *contents.entry(inner.verdict).or_default() += 1);
        let contents: Vec<(ReceiptVerdict, u64)> = contents.into_iter().collect();
        if container {
            problems.extend(contents.iter().filter(|(verdict, _)| *verdict != ReceiptVerdict::Expected).map(
                |(verdict, units)| Problem {
                    verdict: *verdict,
                    words: format!("{units} of the units in it are {verdict}; open it and put them aside"),
                },
            ));
            problems.sort_by_key(|problem| problem.verdict);
            unit.verdict = problems.first().map_or(ReceiptVerdict::Expected, |problem| problem.verdict);
            unit.why = problems.iter().map(|problem| problem.words.as_str()).collect::<Vec<_>>().join("; ");
            unit.contents = Some(u64::try_from(inferred.len()).unwrap_or(u64::MAX));
            unit.shipment = unit.shipment.or_else(|| inferred.iter().find_map(|inner| inner.shipment));
        }
        let record = ScanRecord { unit: &unit, replaces: earlier.is_some(), inferred: &inferred };
        if !store.record_scan(caller, id, &record)? {
            return Ok(None);
        }
        Ok(Some(UnitAnswer { unit, duplicate: false, problems, contents, notices }))
    }

    /// The units in a container as the data have it; none in a unit.
    fn content(&self, epc: &Epc) -> Result<Vec<Candidate>, ReceiptError> {
        let at = self.now.timestamp_micros();
        let tree = Tree::expand(self.store, self.caller, std::slice::from_ref(epc), at)?;
        let own = epc.key();
        let units = tree.units().filter(|node| node.epc.key() != own);
        Ok(units.map(|node| inferred_candidate(&node.epc)).collect())
    }

    /// Units with what is wrong with each.
    pub(super) fn judged(
        &self,
        candidates: &[Candidate],
    ) -> Result<Vec<(ReceivedUnit, Vec<Problem>)>, StoreError> {
        let asked: Vec<AskedUnit> = candidates.iter().map(Candidate::asked).collect();
        let facts = self.store.unit_facts(self.caller, &self.receipt.id, &self.shipments, &asked)?;
        let judged = candidates.iter().zip(asked).zip(facts);
        Ok(judged.map(|((candidate, asked), facts)| self.judge(candidate, asked.key, &facts)).collect())
    }

    fn judge(&self, candidate: &Candidate, key: String, facts: &UnitFacts) -> (ReceivedUnit, Vec<Problem>) {
        let fault = facts.shipment.and_then(|shipment| self.faults.get(&shipment)?.as_deref());
        let setting = Setting {
            expecting: self.receipt.against != Against::Nothing && !candidate.container,
            today: self.now.date_naive(),
            document_fault: fault,
            container: candidate.container,
        };
        let problems = judge(facts, &candidate.label, &setting);
        let words: Vec<&str> = problems.iter().map(|problem| problem.words.as_str()).collect();
        let data = facts.lot.as_ref().map(|lot| (lot.lot.clone(), lot.expiry.clone()));
        let expiry = candidate.label.expiry.as_ref().map(ScannedDate::as_str).unwrap_or_default();
        let unit = ReceivedUnit {
            key,
            epc: candidate.epc.clone(),
            observed: Observed::Scanned,
            through: String::new(),
            verdict: problems.first().map_or(ReceiptVerdict::Expected, |problem| problem.verdict),
            why: words.join("; "),
            label: (candidate.label.lot.clone(), expiry.to_owned()),
            data: data.unwrap_or_default(),
            contents: None,
            shipment: match self.receipt.against {
                Against::Nothing => facts.elsewhere,
                _ => facts.shipment,
            },
            at: self.now,
            times: 1,
            round: None,
        };
        (unit, problems)
    }
}

impl Candidate {
    /// The unit of a row that is judged again.
    pub(super) fn again(unit: &ReceivedUnit) -> Candidate {
        let label = Label { lot: unit.label.0.clone(), expiry: ScannedDate::new(&unit.label.1) };
        Candidate { epc: unit.epc.clone(), label, container: unit.contents.is_some() }
    }

    fn asked(&self) -> AskedUnit {
        AskedUnit {
            key: self.epc.key(),
            gtin: self.epc.gtin(),
            serial: self.epc.serial().map(String::from),
            lot: self.label.lot.clone(),
        }
    }
}

fn inferred_candidate(epc: &Epc) -> Candidate {
    Candidate { epc: epc.clone(), label: Label::default(), container: false }
}

/// What was wrong with a unit when it was judged.
fn problems_of(unit: &ReceivedUnit) -> Vec<Problem> {
    let wrong = unit.verdict != ReceiptVerdict::Expected;
    wrong.then(|| Problem { verdict: unit.verdict, words: unit.why.clone() }).into_iter().collect()
}
