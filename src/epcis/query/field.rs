//! The fields that can be asked about, and where in an event their values stand.

use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Quantity;
use crate::epcis::SourceDest;
use crate::epcis::Term;
use crate::epcis::What;
use crate::epcis::query::StoredEvent;
use crate::epcis::vocabulary::StandardVocabulary;
use crate::gs1::Epc;

/// A field of an event, or several that are asked about together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The type of event; one of another namespace as namespace and local name together.
    EventType,
    /// `eventTime`.
    EventTime,
    /// `recordTime` of the repository.
    RecordTime,
    /// `action`.
    Action,
    /// `bizStep`.
    BizStep,
    /// `disposition`.
    Disposition,
    /// `persistentDisposition/set`.
    DispositionSet,
    /// `persistentDisposition/unset`.
    DispositionUnset,
    /// `readPoint`.
    ReadPoint,
    /// `bizLocation`.
    BizLocation,
    /// Identifiers in `bizTransactionList`; qualified by type.
    BizTransaction,
    /// Identifiers in `sourceList`; qualified by type.
    Source,
    /// Identifiers in `destinationList`; qualified by type.
    Destination,
    /// `transformationID`.
    TransformationId,
    /// `epcList` and `childEPCs`.
    Epc,
    /// `parentID`.
    Parent,
    /// `inputEPCList`.
    InputEpc,
    /// `outputEPCList`.
    OutputEpc,
    /// `epcList`, `childEPCs`, `parentID`, `inputEPCList` and `outputEPCList`.
    AnyEpc,
    /// Classes in `quantityList` and `childQuantityList`.
    EpcClass,
    /// Classes in `inputQuantityList`.
    InputEpcClass,
    /// Classes in `outputQuantityList`.
    OutputEpcClass,
    /// Classes in all four quantity lists.
    AnyEpcClass,
    /// `eventID`.
    EventId,
    /// `errorDeclaration/declarationTime`; it exists where the declaration does.
    ErrorDeclarationTime,
    /// `errorDeclaration/reason`.
    ErrorReason,
    /// `errorDeclaration/correctiveEventIDs`.
    CorrectiveEventId,
}

/// A value met in an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// A word of a vocabulary.
    Word(&'a Term),
    /// A text compared as it is.
    Text(&'a str),
    /// A name in a namespace.
    Name(&'a str, &'a str),
    /// An identifier.
    Identifier(&'a Epc),
    /// A URI that may be a GS1 key, kept as text.
    Uri(&'a str),
    /// A time.
    Time(&'a EventTime),
}

impl Found<'_> {
    /// Appends the text by which the value is compared.
    pub(super) fn write_canonical(self, out: &mut String) {
        match self {
            Found::Word(term) => out.push_str(term.bare()),
            Found::Text(text) => out.push_str(text),
            Found::Name(namespace, local) => out.extend([namespace, local]),
            Found::Identifier(epc) => epc.write_key(out),
            Found::Uri(uri) => Epc::parse(uri).write_key(out),
            Found::Time(time) => out.push_str(time.as_str()),
        }
    }
}

impl Field {
    /// The vocabulary of the types by which the field is qualified.
    pub fn qualifier(self) -> Option<StandardVocabulary> {
        match self {
            Field::BizTransaction => Some(StandardVocabulary::BizTransactionType),
            Field::Source | Field::Destination => Some(StandardVocabulary::SourceDestType),
            _ => None,
        }
    }

    /// Tells whether one of the field's values passes; the qualifier is the bare word, or the user's own URI.
    pub(super) fn any(
        self,
        qualifier: Option<&str>,
        stored: &StoredEvent,
        passes: &mut dyn FnMut(Found<'_>) -> bool,
    ) -> bool {
        let event = &stored.event;
        match self {
            Field::EventType => match &event.what {
                What::Other(name) => passes(Found::Name(&name.namespace, &name.local)),
                what => passes(Found::Text(what.kind().name())),
            },
            Field::EventTime => passes(Found::Time(&event.time)),
            Field::RecordTime => passes(Found::Time(&stored.record_time)),
            Field::Action => event.what.action().is_some_and(|action| passes(Found::Text(action.as_str()))),
            Field::ReadPoint => event.read_point.as_ref().is_some_and(|at| passes(Found::Identifier(&at.id))),
            Field::BizLocation => {
                event.biz_location.as_ref().is_some_and(|at| passes(Found::Identifier(&at.id)))
            }
            Field::BizTransaction => event.biz_transactions.iter().any(|transaction| {
                let kind = transaction.kind.as_ref().map(Term::bare);
                qualifier.is_none_or(|wanted| kind == Some(wanted)) && passes(Found::Uri(&transaction.id))
            }),
            Field::Source => any_end(&event.sources, qualifier, passes),
            Field::Destination => any_end(&event.destinations, qualifier, passes),
            Field::TransformationId => match &event.what {
                What::Transformation { id: Some(id), .. } => passes(Found::Text(id)),
                _ => false,
            },
            Field::Epc => any_epc(event.what.epcs(), passes),
            Field::Parent => event.what.parent().is_some_and(|parent| passes(Found::Identifier(parent))),
            Field::InputEpc => any_epc(inputs(&event.what).0, passes),
            Field::OutputEpc => any_epc(outputs(&event.what).0, passes),
            Field::AnyEpc => [Field::Epc, Field::Parent, Field::InputEpc, Field::OutputEpc]
                .into_iter()
                .any(|field| field.any(None, stored, passes)),
            Field::EpcClass => any_class(event.what.quantities(), passes),
            Field::InputEpcClass => any_class(inputs(&event.what).1, passes),
            Field::OutputEpcClass => any_class(outputs(&event.what).1, passes),
            Field::AnyEpcClass => [Field::EpcClass, Field::InputEpcClass, Field::OutputEpcClass]
                .into_iter()
                .any(|field| field.any(None, stored, passes)),
            Field::EventId => event.id.as_deref().is_some_and(|id| passes(Found::Text(id))),
            Field::BizStep | Field::Disposition | Field::DispositionSet | Field::DispositionUnset => {
                self.any_word(event, passes)
            }
            Field::ErrorDeclarationTime | Field::ErrorReason | Field::CorrectiveEventId => {
                self.any_of_declaration(event, passes)
            }
        }
    }

    fn any_word(self, event: &Event, passes: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
        let lasting = event.persistent_disposition.as_deref();
        let words = match self {
            Field::BizStep => event.biz_step.as_slice(),
            Field::Disposition => event.disposition.as_slice(),
            Field::DispositionSet => lasting.map_or(&[][..], |lasting| &lasting.set),
            Field::DispositionUnset => lasting.map_or(&[][..], |lasting| &lasting.unset),
            _ => &[],
        };
        words.iter().any(|word| passes(Found::Word(word)))
    }

    fn any_of_declaration(self, event: &Event, passes: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
        let Some(declaration) = &event.error_declaration else { return false };
        match self {
            Field::ErrorReason => {
                declaration.reason.as_ref().is_some_and(|reason| passes(Found::Word(reason)))
            }
            Field::CorrectiveEventId => {
                declaration.corrective_event_ids.iter().any(|id| passes(Found::Text(id)))
            }
            _ => passes(Found::Time(&declaration.declaration_time)),
        }
    }
}

fn any_epc(epcs: &[Epc], passes: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
    epcs.iter().any(|epc| passes(Found::Identifier(epc)))
}

fn any_class(quantities: &[Quantity], passes: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
    quantities.iter().any(|quantity| passes(Found::Identifier(&quantity.epc_class)))
}

fn any_end(ends: &[SourceDest], qualifier: Option<&str>, passes: &mut dyn FnMut(Found<'_>) -> bool) -> bool {
    ends.iter().any(|end| {
        qualifier.is_none_or(|wanted| end.kind.bare() == wanted) && passes(Found::Identifier(&end.id))
    })
}

fn inputs(what: &What) -> (&[Epc], &[Quantity]) {
    match what {
        What::Transformation { input_epcs, input_quantities, .. } => (input_epcs, input_quantities),
        _ => (&[], &[]),
    }
}

fn outputs(what: &What) -> (&[Epc], &[Quantity]) {
    match what {
        What::Transformation { output_epcs, output_quantities, .. } => (output_epcs, output_quantities),
        _ => (&[], &[]),
    }
}
