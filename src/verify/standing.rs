//! Standing: the holds and recalls that a package is under here.

use crate::access::Caller;
use crate::dscsa::Hold;
use crate::store::Held;
use crate::store::Store;
use crate::store::StoreError;
use crate::verify::Question;

/// How many containers may stand in each other: a pallet in a pallet in a container is three.
const MOST_LEVELS: usize = 12;

/// Every open hold and recall of a package: of itself, of what it is in by the ledger, of its lot (of label and ledger), of
/// its serial number and of its product. Recalls come first.
pub(super) fn holds(store: &Store, caller: &Caller, question: &Question) -> Result<Vec<Hold>, StoreError> {
    let mut keys = vec![question.key()];
    let mut lots = vec![question.lot.to_string()];
    while let Some(key) = keys.last().filter(|_| keys.len() <= MOST_LEVELS) {
        let Some(mut row) = store.item_rows(&[key.as_str()])?.remove(key) else { break };
        if let (1, Some(number)) = (keys.len(), row.lot) {
            lots.extend(store.lot(number)?.map(|lot| lot.lot));
        }
        match row.parent.take().filter(|parent| !keys.contains(parent)) {
            Some(parent) => keys.push(parent),
            None => break,
        }
    }
    let held = Held { keys: &keys, gtin: Some(question.gtin), serial: Some(&question.serial), lots: &lots };
    store.holds_on(caller, held)
}
