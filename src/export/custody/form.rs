//! Custody in JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::export::custody::words::readable;
use crate::export::custody::words::sentence;
use crate::gs1::Epc;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Gap;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::Step;
use crate::store::StoredFinding;

/// The life of one object through its packing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Custody)]
pub struct CustodyForm {
    /// The object, as asked for.
    pub epc: String,
    /// Its identity: the path of its canonical Digital Link.
    pub key: String,
    /// As its label prints it.
    pub label: String,
    /// Who had it, in the order of appearance.
    pub parties: Vec<PartyForm>,
    /// Its events in the order of time.
    pub steps: Vec<StepForm>,
    /// Where the chain is broken.
    pub gaps: Vec<GapForm>,
}

/// A party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CustodyParty)]
pub struct PartyForm {
    /// GLN-13, or its identifier where it has none.
    pub gln: String,
    /// Its name, if master data tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One event in the life of an object.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustodyStep)]
pub struct StepForm {
    /// `commissioned`, `packed`, `unpacked`, `filled`, `emptied`, `shipped`, `shipping-voided`, `received`, `ended`, `seen`.
    pub deed: &'static str,
    /// What happened, in words.
    pub says: String,
    /// `eventID`, or the event hash ID where it was sent without.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// `eventTime` as sent.
    pub time: String,
    /// `eventTimeZoneOffset` as sent.
    pub time_zone_offset: String,
    /// Business step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_step: Option<String>,
    /// Disposition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// What the event names: the object, or what it was in.
    pub names: String,
    /// The containers it was in afterwards, the innermost first.
    pub within: Vec<String>,
    /// `scanned`, `inferred` (through what it was in) or `data-only` (told by another party).
    pub how: &'static str,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyForm>,
    /// Where it was shipped to or received from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<PartyForm>,
    /// Business location, else read point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Business transactions.
    pub transactions: Vec<String>,
    /// Lot that the event gives it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// Expiry date that the event gives it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expiry: String,
    /// Why the event never happened so, where it was declared wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_wrong: Option<String>,
    /// The documents that say it, as received.
    pub documents: Vec<String>,
}

/// A place where the chain of custody is broken.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CustodyGap)]
pub struct GapForm {
    /// `not-commissioned`, `not-received`, `not-shipped`, `moved`, `no-transaction` or `after-end`.
    pub kind: &'static str,
    /// What is missing, in words.
    pub message: String,
    /// The step before it, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<usize>,
    /// The step behind it, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<usize>,
}

/// A finding that nobody has settled.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpenFinding)]
pub struct FindingForm {
    /// Its name.
    pub id: String,
    /// The rule broken.
    pub rule: String,
    /// `hard`, `business`, `warning` or `note`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// The document it was found in, as received.
    pub document: String,
}

impl From<&Custody> for CustodyForm {
    fn from(custody: &Custody) -> CustodyForm {
        CustodyForm {
            epc: custody.epc.as_str().to_owned(),
            key: custody.epc.key(),
            label: readable(&custody.epc),
            parties: custody.parties.iter().map(PartyForm::from).collect(),
            steps: custody.steps.iter().map(|step| StepForm::of(custody, step)).collect(),
            gaps: custody.gaps.iter().map(GapForm::from).collect(),
        }
    }
}

impl StepForm {
    fn of(custody: &Custody, step: &Step) -> StepForm {
        let party =
            |place: Option<usize>| place.and_then(|place| custody.parties.get(place)).map(PartyForm::from);
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        StepForm {
            deed: step.deed.as_str(),
            says: sentence(custody, step),
            event_id: step.event_id.clone(),
            time: step.time.as_str().to_owned(),
            time_zone_offset: step.offset.as_str().to_owned(),
            biz_step: owned(&step.biz_step),
            disposition: owned(&step.disposition),
            names: step.named.as_str().to_owned(),
            within: step.within.iter().map(|epc| epc.as_str().to_owned()).collect(),
            how: step.how.as_str(),
            party: party(step.party),
            other: party(step.other),
            place: step.place.as_ref().map(Epc::as_str).map(str::to_owned),
            transactions: step.transactions.iter().map(|id| id.to_string()).collect(),
            lot: step.lot.clone(),
            expiry: step.expiry.clone(),
            declared_wrong: owned(&step.wrong),
            documents: step.documents.iter().map(|document| document_path(*document)).collect(),
        }
    }
}

impl From<&Party> for PartyForm {
    fn from(party: &Party) -> PartyForm {
        PartyForm { gln: party.id.clone(), name: party.name.as_deref().map(str::to_owned) }
    }
}

impl From<&Gap> for GapForm {
    fn from(gap: &Gap) -> GapForm {
        GapForm {
            kind: gap.kind.as_str(),
            message: gap.message.clone(),
            after: gap.after,
            before: gap.before,
        }
    }
}

impl From<&StoredFinding> for FindingForm {
    fn from(finding: &StoredFinding) -> FindingForm {
        FindingForm {
            id: finding.id.clone(),
            rule: finding.rule.clone(),
            severity: finding.severity.as_str(),
            message: finding.message.clone(),
            document: document_path(finding.document),
        }
    }
}

/// Where a document is found as received.
pub(super) fn document_path(document: i64) -> String {
    format!("/api/v1/documents/{document}")
}
