//! The present state of an object in JSON, each fact with how it is known.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::export::custody::form::FindingForm;
use crate::export::custody::form::GapForm;
use crate::export::custody::form::PartyForm;
use crate::export::custody::form::document_path;
use crate::export::custody::words::readable;
use crate::formats::holds::HoldForm;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Known;
use crate::reconcile::custody::State;
use crate::store::Held;
use crate::store::Store;
use crate::store::StoreError;

/// What is known of an object at a moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Item)]
pub struct ItemForm {
    /// The object, as asked for.
    pub epc: String,
    /// Its identity: the path of its canonical Digital Link.
    pub key: String,
    /// As its label prints it.
    pub label: String,
    /// GTIN-14 of its trade item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// Serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// `seen`, `active`, `in-transit`, `received` or `ended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<FactForm>,
    /// Lot number as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<FactForm>,
    /// Expiry date as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<FactForm>,
    /// Disposition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<FactForm>,
    /// Who has it, or had it last where it is in transit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<HolderFactForm>,
    /// Where it is; missing while it is in transit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<FactForm>,
    /// The containers it is in, the innermost first.
    pub parents: Vec<FactForm>,
    /// Gaps in its chain of custody.
    pub gaps: Vec<GapForm>,
    /// Holds and recalls that it is under.
    pub holds: Vec<HoldForm>,
    /// What is wrong with it and nobody has settled.
    pub open_findings: Vec<FindingForm>,
}

/// A fact and how it is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fact)]
pub struct FactForm {
    /// The fact.
    pub value: String,
    /// Who says it, and when.
    #[serde(flatten)]
    pub known: KnownForm,
}

/// Who has an object, and how that is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HolderFact)]
pub struct HolderFactForm {
    /// The party.
    pub value: PartyForm,
    /// Who says it, and when.
    #[serde(flatten)]
    pub known: KnownForm,
}

/// How a fact is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Known)]
pub struct KnownForm {
    /// `scanned`, `inferred` or `data-only`.
    pub how: &'static str,
    /// `eventTime` as sent.
    pub since: String,
    /// `eventID`, or the event hash ID.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// The document that says it, as received.
    pub document: String,
}

impl ItemForm {
    /// The present state of an object, with its holds and open findings.
    pub fn gather(store: &Store, caller: &Caller, custody: &Custody) -> Result<ItemForm, StoreError> {
        let state = State::of(custody);
        let mut form = ItemForm::new(custody, &state);
        let own = custody.epc.key();
        let within = state.parents.iter().map(|known| known.value.key());
        let keys: Vec<String> = [own.clone()].into_iter().chain(within).collect();
        let lots: Vec<String> = state.lot.iter().map(|known| known.value.clone()).collect();
        let serial = custody.epc.serial();
        let held = Held { keys: &keys, gtin: custody.epc.gtin(), serial: serial.as_deref(), lots: &lots };
        form.holds = store.holds_on(caller, held)?.iter().map(HoldForm::from).collect();
        let findings = store.findings_about(caller, &own)?;
        let open = findings.iter().filter(|finding| finding.end.is_none());
        form.open_findings = open.map(FindingForm::from).collect();
        Ok(form)
    }

    fn new(custody: &Custody, state: &State) -> ItemForm {
        let text = |known: &Known<String>| fact(custody, known.value.clone(), known.step);
        ItemForm {
            epc: custody.epc.as_str().to_owned(),
            key: custody.epc.key(),
            label: readable(&custody.epc),
            gtin: custody.epc.gtin().map(|gtin| gtin.to_string()),
            serial: custody.epc.serial().map(|serial| serial.into_owned()),
            state: state
                .life
                .as_ref()
                .and_then(|known| fact(custody, known.value.as_str().to_owned(), known.step)),
            lot: state.lot.as_ref().and_then(text),
            expiry: state.expiry.as_ref().and_then(text),
            disposition: state
                .disposition
                .as_ref()
                .and_then(|known| fact(custody, known.value.to_string(), known.step)),
            holder: state.holder.as_ref().and_then(|known| {
                let party = custody.parties.get(known.value)?;
                Some(HolderFactForm { value: PartyForm::from(party), known: known_by(custody, known.step)? })
            }),
            place: state
                .place
                .as_ref()
                .and_then(|known| fact(custody, known.value.as_str().to_owned(), known.step)),
            parents: state
                .parents
                .iter()
                .filter_map(|known| fact(custody, known.value.as_str().to_owned(), known.step))
                .collect(),
            gaps: custody.gaps.iter().map(GapForm::from).collect(),
            holds: Vec::new(),
            open_findings: Vec::new(),
        }
    }
}

fn fact(custody: &Custody, value: String, step: usize) -> Option<FactForm> {
    Some(FactForm { value, known: known_by(custody, step)? })
}

fn known_by(custody: &Custody, step: usize) -> Option<KnownForm> {
    let step = custody.steps.get(step)?;
    Some(KnownForm {
        how: step.how.as_str(),
        since: step.time.as_str().to_owned(),
        event_id: step.event_id.clone(),
        document: document_path(*step.documents.first()?),
    })
}
