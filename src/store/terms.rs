//! The index terms of an event: what it can be found by, each as a 64-bit key.

use std::collections::BTreeSet;

use sha2::Digest;
use sha2::Sha256;

use crate::epcis::Element;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Node;
use crate::epcis::Quantity;
use crate::epcis::What;
use crate::gs1::Epc;

/// What a term is about; it takes part in the key, so that the same text of two kinds has two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum TermKind {
    /// An identifier in an EPC list or `parentID`. Value: [`Epc::write_key`].
    Epc = 1,
    /// A class: of a quantity, or of an identifier in an EPC list or `parentID` (once for each class and role).
    ///
    /// Value: [`Epc::class_key`] such as `/01/00399310110015`; for a quantity also the key of its own class, a lot say.
    Class = 2,
    /// A lot: of a quantity, or of `lotNumber` in the ILMD for each trade item of the event. Value: [`lot_value`].
    Lot = 3,
    /// A business transaction, whatever its type. Value: the key of its identifier read as an [`Epc`].
    BizTransaction = 4,
    /// A place, `readPoint` or `bizLocation` by role. Value: [`Epc::write_key`].
    Location = 5,
    /// A source or destination. Value: [`party_value`]. Sender and receiver of the document are no terms of its events:
    /// they stand, in the same form, in `documents.sender` and `documents.receiver`.
    Party = 6,
    /// A corrective event of an error declaration. Value: the URI as sent.
    CorrectiveEvent = 7,
    /// `transformationID`. Value: as sent.
    Transformation = 8,
}

/// Where in the event the term stands; `event_terms.role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Role {
    /// The kind says it all.
    None = 0,
    /// `epcList`, or the class of one in it.
    EpcList = 1,
    /// `childEPCs`.
    Children = 2,
    /// `parentID`.
    Parent = 3,
    /// `inputEPCList`.
    Inputs = 4,
    /// `outputEPCList`.
    Outputs = 5,
    /// `quantityList`.
    Quantities = 6,
    /// `childQuantityList`.
    ChildQuantities = 7,
    /// `inputQuantityList`.
    InputQuantities = 8,
    /// `outputQuantityList`.
    OutputQuantities = 9,
    /// `readPoint`.
    ReadPoint = 10,
    /// `bizLocation`.
    BizLocation = 11,
    /// `sourceList`.
    Source = 12,
    /// `destinationList`.
    Destination = 13,
    /// `ilmd`.
    Ilmd = 14,
}

impl Role {
    /// The number in the table.
    pub(crate) fn number(self) -> i64 {
        i64::from(self as u8)
    }
}

/// The key of a term: the first 8 bytes, big endian, of SHA-256 over the kind's number (one byte) and the value.
pub(crate) fn term_key(kind: TermKind, value: &str) -> i64 {
    hashed(&[&[kind as u8], value.as_bytes()])
}

/// The two keys in `event_identities` by which events are found by their `eventID`: those that are no error
/// declarations, and the declarations.
pub(crate) fn event_id_keys(event_id: &str) -> [i64; 2] {
    [PLAIN_ID, DECLARED_ID].map(|kind| hashed(&[&[kind], event_id.as_bytes()]))
}

/// The key in `event_identities` by which error declarations without an `eventID` are found, by the hash that they share
/// with the event they declare wrong.
pub(crate) fn declared_hash_key(hash: &[u8; 32]) -> i64 {
    hashed(&[&[DECLARED_HASH], hash])
}

/// The key in `event_identities` of just this event: `eventID`, content hash, and when it was declared wrong, if it is
/// an error declaration.
pub(crate) fn identity_key(event_id: Option<&str>, hash: &[u8; 32], declared: Option<&EventTime>) -> i64 {
    let time = declared.map_or([0; 12], |time| {
        let mut bytes = [0; 12];
        let (seconds, nanoseconds) = bytes.split_at_mut(8);
        seconds.copy_from_slice(&time.seconds().to_be_bytes());
        nanoseconds.copy_from_slice(&time.nanoseconds().to_be_bytes());
        bytes
    });
    let marks = [IDENTITY, u8::from(declared.is_some()), u8::from(event_id.is_some())];
    hashed(&[&marks, &time, hash, event_id.unwrap_or_default().as_bytes()])
}

/// A party's GLN where the text tells one (bare, as URN or Digital Link), else its key.
pub(crate) fn party_value(text: &str) -> String {
    let text = text.trim();
    if text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    party_of(&Epc::parse(text))
}

/// A lot by the GTIN-14 of its trade item and its number, decoded.
pub(crate) fn lot_value(gtin: &str, lot: &str) -> String {
    format!("{gtin}\n{lot}")
}

/// The number of a lot in the ledger, by its GTIN-14, lot number and expiry date.
pub fn lot_number(gtin: &str, lot: &str, expiry: &str) -> i64 {
    hashed(&[&[LEDGER_LOT], gtin.as_bytes(), b"\n", lot.as_bytes(), b"\n", expiry.as_bytes()])
}

const IDENTITY: u8 = 100;
const PLAIN_ID: u8 = 101;
const DECLARED_ID: u8 = 102;
const DECLARED_HASH: u8 = 103;
const LEDGER_LOT: u8 = 104;

/// One row of the index, but for the event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Term {
    /// [`term_key`].
    pub(crate) key: i64,
    /// [`Role::number`].
    pub(crate) role: i64,
}

/// Appends the terms of the event, each once, in the order of their keys.
pub(crate) fn terms_of(event: &Event, out: &mut Vec<Term>) {
    let from = out.len();
    let mut collector =
        Collector { out, value: String::with_capacity(64), classes: BTreeSet::new(), last_class: None };
    collector.what(&event.what, event.ilmd.as_deref());
    for (role, location) in [(Role::ReadPoint, &event.read_point), (Role::BizLocation, &event.biz_location)] {
        if let Some(location) = location {
            collector.keyed(TermKind::Location, role, &location.id);
        }
    }
    for transaction in &event.biz_transactions {
        collector.keyed(TermKind::BizTransaction, Role::None, &Epc::parse(&transaction.id));
    }
    for (role, ends) in [(Role::Source, &event.sources), (Role::Destination, &event.destinations)] {
        for end in ends {
            collector.text(TermKind::Party, role, &party_of(&end.id));
        }
    }
    for id in event.error_declaration.iter().flat_map(|declaration| &declaration.corrective_event_ids) {
        collector.text(TermKind::CorrectiveEvent, Role::None, id);
    }
    sort_tail(out, from);
}

/// The parties of sources and destinations, each once, with a space before and after each.
pub(crate) fn parties_of(event: &Event) -> String {
    let parties: BTreeSet<String> =
        event.sources.iter().chain(&event.destinations).map(|end| party_of(&end.id)).collect();
    let mut text = String::new();
    for party in parties {
        text.push_str(if text.is_empty() { " " } else { "" });
        text.push_str(&party);
        text.push(' ');
    }
    text
}

fn party_of(epc: &Epc) -> String {
    epc.gln().map_or_else(|| epc.key(), |gln| gln.to_string())
}

fn hashed(parts: &[&[u8]]) -> i64 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let hash: [u8; 32] = digest.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Sorts what was appended and drops what stands there twice.
fn sort_tail(out: &mut Vec<Term>, from: usize) {
    let Some(tail) = out.get_mut(from..) else { return };
    tail.sort_unstable();
    let mut kept = from;
    for at in from..out.len() {
        if at == from || out.get(at) != out.get(kept - 1) {
            out.swap(kept, at);
            kept += 1;
        }
    }
    out.truncate(kept);
}

struct Collector<'a> {
    out: &'a mut Vec<Term>,
    value: String,
    /// Classes already seen, by role and value.
    classes: BTreeSet<(Role, String)>,
    last_class: Option<(Role, String)>,
}

impl Collector<'_> {
    fn what(&mut self, what: &What, ilmd: Option<&[Element]>) {
        if let Some(parent) = what.parent() {
            self.epc(Role::Parent, parent);
        }
        match what {
            What::Object { .. } | What::Transaction { .. } => {
                self.epcs(Role::EpcList, what.epcs());
                self.quantities(Role::Quantities, what.quantities());
            }
            What::Aggregation { .. } | What::Association { .. } => {
                self.epcs(Role::Children, what.epcs());
                self.quantities(Role::ChildQuantities, what.quantities());
            }
            What::Transformation { id, input_epcs, input_quantities, output_epcs, output_quantities } => {
                self.epcs(Role::Inputs, input_epcs);
                self.quantities(Role::InputQuantities, input_quantities);
                self.epcs(Role::Outputs, output_epcs);
                self.quantities(Role::OutputQuantities, output_quantities);
                if let Some(id) = id {
                    self.text(TermKind::Transformation, Role::None, id);
                }
            }
            What::Other(_) => {}
        }
        self.lots(ilmd.unwrap_or_default());
    }

    fn epcs(&mut self, role: Role, epcs: &[Epc]) {
        self.out.reserve(epcs.len());
        for epc in epcs {
            self.epc(role, epc);
        }
    }

    fn epc(&mut self, role: Role, epc: &Epc) {
        self.keyed(TermKind::Epc, role, epc);
        if self.is_of_last_class(role) {
            return;
        }
        if let Some(class) = epc.class_key() {
            self.last_class = Some((role, class.clone()));
            self.class(role, class);
        }
    }

    /// True where the key in `value` continues the class of the identifier before it, as in nearly every list.
    fn is_of_last_class(&self, role: Role) -> bool {
        self.last_class.as_ref().is_some_and(|(last, class)| {
            *last == role && self.value.strip_prefix(class.as_str()).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    fn quantities(&mut self, role: Role, quantities: &[Quantity]) {
        for quantity in quantities {
            self.class(role, quantity.epc_class.key());
            if let Some(class) = quantity.epc_class.class_key() {
                self.class(role, class);
            }
            if let (Some(gtin), Some(lot)) = (quantity.epc_class.gtin(), quantity.epc_class.lot()) {
                self.text(TermKind::Lot, role, &lot_value(&gtin.to_string(), &lot));
            }
        }
    }

    fn class(&mut self, role: Role, class: String) {
        let seen = (role, class);
        if !self.classes.contains(&seen) {
            self.text(TermKind::Class, role, &seen.1);
            self.classes.insert(seen);
        }
    }

    /// The lots that the ILMD names, for each trade item of the event.
    fn lots(&mut self, ilmd: &[Element]) {
        let lots = ilmd.iter().filter(|element| &*element.name.local == "lotNumber").filter_map(first_text);
        let gtins: BTreeSet<String> =
            self.classes.iter().filter_map(|(_, class)| gtin_of(class)).map(str::to_owned).collect();
        for lot in lots {
            for gtin in &gtins {
                self.text(TermKind::Lot, Role::Ilmd, &lot_value(gtin, lot));
            }
        }
    }

    fn keyed(&mut self, kind: TermKind, role: Role, epc: &Epc) {
        self.value.clear();
        epc.write_key(&mut self.value);
        self.out.push(Term { key: term_key(kind, &self.value), role: role.number() });
    }

    fn text(&mut self, kind: TermKind, role: Role, value: &str) {
        self.out.push(Term { key: term_key(kind, value), role: role.number() });
    }
}

fn gtin_of(class: &str) -> Option<&str> {
    class.strip_prefix("/01/").and_then(|rest| rest.get(..14))
}

fn first_text(element: &Element) -> Option<&str> {
    let text = element.children.iter().find_map(|node| match node {
        Node::Text(text) => Some(text.trim()),
        Node::Element(_) | Node::Json(_) => None,
    })?;
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epcis::Action;
    use crate::epcis::Location;
    use crate::epcis::Name;
    use crate::epcis::SourceDest;
    use crate::epcis::Term as Word;
    use crate::epcis::ZoneOffset;
    use crate::epcis::vocabulary::StandardVocabulary;

    fn object(epcs: &[&str], quantities: &[&str]) -> Event {
        let quantity = |class: &&str| Quantity { epc_class: Epc::parse(class), quantity: None, uom: None };
        let what = What::Object {
            action: Action::Add,
            epcs: epcs.iter().map(|epc| Epc::parse(epc)).collect(),
            quantities: quantities.iter().map(quantity).collect(),
        };
        Event::new(EventTime::parse("2024-03-04T06:00:00Z").unwrap(), ZoneOffset::UTC, what)
    }

    fn check(event: &Event, expected: &[(TermKind, Role, &str)]) {
        let mut expected: Vec<Term> = expected
            .iter()
            .map(|(kind, role, value)| Term { key: term_key(*kind, value), role: role.number() })
            .collect();
        expected.sort_unstable();
        let before = Term { key: i64::MAX, role: 0 };
        let mut found = vec![before];
        terms_of(event, &mut found);
        assert_eq!(found.split_first(), Some((&before, expected.as_slice())));
    }

    #[test]
    fn the_hash_is_fixed() {
        assert_eq!(term_key(TermKind::Epc, "/01/00614141123452/21/7"), 5553814655869614310);
        assert_eq!(event_id_keys("urn:uuid:1")[0], -6888511262797325139);
    }

    #[test]
    fn identifiers_bring_their_classes_once_for_each_role() {
        let mut event = object(
            &[
                "urn:epc:id:sgtin:0614141.012345.7",
                "https://id.gs1.org/01/00614141123452/21/8",
                "urn:epc:id:sscc:0614141.0123456789",
                "urn:epc:id:sgtin:0614141.012345.7",
                "urn:example:1",
            ],
            &[],
        );
        event.ilmd =
            Some(vec![Element::with_text(Name::new("urn:epcglobal:cbv:mda", "lotNumber"), "", " L/1 ")]);
        check(
            &event,
            &[
                (TermKind::Epc, Role::EpcList, "/01/00614141123452/21/7"),
                (TermKind::Epc, Role::EpcList, "/01/00614141123452/21/8"),
                (TermKind::Epc, Role::EpcList, "/00/006141411234567890"),
                (TermKind::Epc, Role::EpcList, "urn:example:1"),
                (TermKind::Class, Role::EpcList, "/01/00614141123452"),
                (TermKind::Lot, Role::Ilmd, "00614141123452\nL/1"),
            ],
        );
    }

    #[test]
    fn a_lot_is_one_however_it_is_told() {
        check(
            &object(&[], &["urn:epc:class:lgtin:0614141.012345.L%2F1"]),
            &[
                (TermKind::Class, Role::Quantities, "/01/00614141123452/10/L%2F1"),
                (TermKind::Class, Role::Quantities, "/01/00614141123452"),
                (TermKind::Lot, Role::Quantities, "00614141123452\nL/1"),
            ],
        );
    }

    #[test]
    fn places_and_parties_are_terms() {
        let mut event = object(&[], &[]);
        let place = "urn:epc:id:sgln:0614141.00001.0";
        event.read_point = Some(Location { id: Epc::parse(place), extensions: vec![] });
        let end = |id| SourceDest {
            kind: Word::parse(StandardVocabulary::SourceDestType, "owning_party"),
            id: Epc::parse(id),
        };
        event.sources = vec![end(place)];
        event.destinations = vec![end("urn:epc:id:pgln:0614141.00001"), end("urn:example:party")];
        check(
            &event,
            &[
                (TermKind::Location, Role::ReadPoint, "/414/0614141000012"),
                (TermKind::Party, Role::Source, "0614141000012"),
                (TermKind::Party, Role::Destination, "0614141000012"),
                (TermKind::Party, Role::Destination, "urn:example:party"),
            ],
        );
        assert_eq!(parties_of(&event), " 0614141000012 urn:example:party ");
        assert_eq!(party_value(" 0614141000012"), "0614141000012");
    }

    #[test]
    fn an_identity_tells_declarations_apart() {
        let time = EventTime::parse("2024-03-04T06:00:00Z").unwrap();
        let hash = [7; 32];
        let keys = [
            identity_key(None, &hash, None),
            identity_key(Some(""), &hash, None),
            identity_key(Some("urn:uuid:1"), &hash, None),
            identity_key(Some("urn:uuid:1"), &hash, Some(&time)),
            identity_key(Some("urn:uuid:1"), &[8; 32], None),
        ];
        assert_eq!(BTreeSet::from(keys).len(), keys.len());
    }
}
