//! Checkpoints of the audit trail, so that somebody outside can prove later that it was not rewritten.

use crate::notices::Notice;
use crate::notices::NoticeKind;
use crate::store::Store;
use crate::store::StoreError;

/// The newest checkpoint.
pub(super) fn newest(store: &Store) -> Result<Option<Notice>, StoreError> {
    let Some(checkpoint) = store.newest_audit_checkpoint()? else { return Ok(None) };
    let (size, key, note) = (checkpoint.size, &checkpoint.signer, &checkpoint.note);
    Ok(Some(Notice {
        kind: NoticeKind::Audit,
        occasions: vec![format!("checkpoint {size} {key}")],
        subject: format!("Checkpoint of the audit trail: {size} acts"),
        body: format!(
            "Keep this letter, unchanged. With it anybody can prove later whether the first {size} acts of the audit trail are\n\
             still those of today: save the lines below, down to the one that begins with a dash, to a file, and check an export\n\
             with\n\n    epcgate audit verify FOLDER --key '{key}' --checkpoint FILE\n\n{note}"
        ),
    }))
}
