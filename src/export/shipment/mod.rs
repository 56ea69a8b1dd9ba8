//! Writing to the next owner: a complete file for a shipment, from what was captured (GS1 US guideline R1.2 and R1.3).
//!
//! A shipment has a number, the despatch advice of the seller; the same number again gives the same file. Constructs of the
//! guideline whose place is not certain (direct purchase statements, a separate transaction date) are never written.

mod content;
mod document;
mod standing;

use std::io::Read;
use std::sync::Arc;

use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::Decision;
use crate::dscsa::DocumentForm;
use crate::dscsa::GuidelineRelease;
use crate::dscsa::OrderNumber;
use crate::dscsa::PartnerPolicy;
use crate::epcis::EventKind;
use crate::epcis::EventTime;
use crate::epcis::ZoneOffset;
use crate::epcis::query::StoredEvent;
use crate::export::ExportError;
use crate::export::Settings;
use crate::export::shipment::content::Content;
use crate::export::shipment::document::Paper;
use crate::export::sources::Sources;
use crate::formats::Format;
use crate::gs1::CompanyPrefixes;
use crate::gs1::Epc;
use crate::gs1::Gln;
use crate::store::Mention;
use crate::store::Store;
use crate::store::StoreError;

pub use document::transaction_urn;

/// Held items that the audit trail names of one shipment; all are counted.
const MOST_TOLD: usize = 100;

/// What is to be shipped, by whom, to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipmentRequest {
    /// The number of the shipment, its despatch advice; a URN of CBV or the number alone.
    pub number: String,
    /// The buyer's purchase order; a URN of CBV or the number alone.
    pub order: Option<String>,
    /// What lies open on the truck: logistic units, cases, packages.
    pub epcs: Vec<Epc>,
    /// Who owns it before.
    pub seller: Epc,
    /// Who owns it then; the seller itself where only the place changes.
    pub buyer: Epc,
    /// From where.
    pub ship_from: Epc,
    /// To where.
    pub ship_to: Epc,
    /// When.
    pub time: EventTime,
    /// The local offset there.
    pub zone: ZoneOffset,
    /// The release of the guideline that the buyer reads; `None` for what was agreed with it, else R1.2.
    pub release: Option<GuidelineRelease>,
    /// The form of the file; `None` for what was agreed with the buyer, else EPCIS 1.2 XML.
    pub form: Option<DocumentForm>,
    /// Who lets held or recalled items leave all the same, and why; `None` refuses them.
    pub despite_holds: Option<Decision>,
}

/// A file for the next owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentFile {
    /// An EPCIS document in the form that the buyer wants.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub media_type: &'static str,
    /// True where the shipment was written before, and this is the file of then.
    pub earlier: bool,
}

/// Reads a party or place: 13 digits of a GLN, or its EPC.
pub fn party(text: &str) -> Epc {
    match Gln::parse(text.trim()) {
        Ok(gln) => Epc::parse(&format!("https://id.gs1.org/414/{gln}")),
        Err(_) => Epc::parse(text.trim()),
    }
}

/// Writes the file; whoever asks has then to capture it, so that the shipment is known.
///
/// Refuses, with every reason, where the content is not known whole, where elements of transaction information are missing,
/// where items are held or recalled, where the buyer has no licence and its policy blocks that, and where a change of ownership
/// would need a statement that the operator does not affirm. What leaves despite a hold is written to the audit trail.
pub fn write(
    store: &Store,
    caller: &Caller,
    request: &ShipmentRequest,
    settings: &Settings,
) -> Result<ShipmentFile, ExportError> {
    let prefixes = Arc::new(store.with_known_prefixes(CompanyPrefixes::builtin())?);
    let agreed = request.buyer.gln().map(|gln| store.partner_with_gln(caller, gln)).transpose()?.flatten();
    let mut agreed: PartnerPolicy = agreed.map(|partner| partner.policy).unwrap_or_default();
    agreed.guideline = request.release.unwrap_or(agreed.guideline);
    agreed.form = request.form.unwrap_or(agreed.form);
    let paper = Paper::of(request, agreed, &prefixes)?;
    if let Some(shipping) = earlier(store, caller, &paper)? {
        return again((store, caller), request, &shipping);
    }
    if paper.states() && !settings.affirm_transaction_statement {
        return Err(ExportError::Refused(vec![
            "a transaction statement of the seller goes with this, as the law asks where the owner changes, or as was agreed, and nobody \
             has affirmed it; where you comply with 21 U.S.C. 360eee(27), set affirm_transaction_statement = true in [export] of the settings"
                .to_owned(),
        ]));
    }
    if paper.changes_owner()
        && let Some(reason) = standing::unlicensed(store, caller, request)?
    {
        return Err(ExportError::Refused(vec![reason]));
    }
    let content = Content::gather(store, caller, request)?;
    let mut sources = Sources::new(store, caller);
    let bytes = paper.write(&content, &mut sources, (store, caller), settings)?;
    if let Some(decision) = request.despite_holds.as_ref().filter(|_| !content.held.is_empty()) {
        store.audit(&[despite_holds(&paper.number, decision, &content.held)])?;
    }
    Ok(ShipmentFile { bytes, media_type: paper.format().media_type(), earlier: false })
}

/// That held or recalled items leave all the same.
fn despite_holds(number: &str, decision: &Decision, held: &[String]) -> AuditEntry {
    let items: Vec<_> = held.iter().take(MOST_TOLD).collect();
    AuditEntry::done(decision.when, &decision.who, "shipment.despite-holds", number)
        .because(&decision.why)
        .with(json!({ "count": held.len(), "items": items }))
}

/// The shipping event of a file that was written before under this number.
fn earlier(store: &Store, caller: &Caller, paper: &Paper<'_>) -> Result<Option<StoredEvent>, StoreError> {
    let key = Epc::parse(&paper.advice).key();
    let mut heads = store.heads(caller, (Mention::BizTransaction, &[&key]), EventKind::Object, i64::MAX)?;
    heads.retain(|head| head.biz_step.as_deref() == Some("shipping"));
    for stored in store.events_of(&heads)? {
        let header = store.header(caller, stored.document)?.unwrap_or_default();
        let ours = header.sbdh.as_ref().is_some_and(|sbdh| {
            sbdh.instance_identifier() == Some(&paper.number) && sbdh.sender() == Some(&paper.seller)
        });
        if ours {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

fn again(
    (store, caller): (&Store, &Caller),
    request: &ShipmentRequest,
    shipping: &StoredEvent,
) -> Result<ShipmentFile, ExportError> {
    let keys = |epcs: &[Epc]| {
        let mut keys: Vec<String> = epcs.iter().map(Epc::key).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    if keys(&request.epcs) != keys(shipping.event.what.epcs()) {
        return Err(ExportError::Refused(vec![format!(
            "the shipment {} was written before with other goods; give this one a number of its own",
            OrderNumber::parse(&request.number)
        )]));
    }
    let mut bytes = Vec::new();
    store.input(shipping.document)?.read_to_end(&mut bytes).map_err(StoreError::from)?;
    let syntax = store.document(caller, shipping.document)?.map(|document| document.syntax);
    let format = if syntax.as_deref() == Some("json") { Format::JsonLd } else { Format::Xml12 };
    Ok(ShipmentFile { bytes, media_type: format.media_type(), earlier: true })
}
