//! Ship notices in ASN X12 856: despatch advices, as most wholesalers and manufacturers of the United States send them.

mod envelope;
mod notice;
mod segments;

use std::io::Read;

use crate::dscsa::DespatchAdvice;
use crate::formats::Defects;
use crate::formats::orders::twice;
use crate::formats::x12_856::envelope::Envelope;
use crate::formats::x12_856::notice::Notice;
use crate::formats::x12_856::segments::Segment;
use crate::formats::x12_856::segments::Segments;

/// Reads the ship notices of an interchange; transactions of other kinds are left out with a warning. What is wrong is in
/// `defects`, each with the number and name of its segment; with an error nothing of the file should be used.
pub fn read(input: impl Read, defects: &mut Defects) -> Vec<DespatchAdvice> {
    let mut segments = Segments::new(input);
    let mut envelope = Envelope::default();
    let mut open: Option<Notice> = None;
    let mut advices: Vec<DespatchAdvice> = Vec::new();
    loop {
        let segment = match segments.next() {
            Ok(Some(segment)) => segment,
            Ok(None) => break,
            Err(defect) => {
                defects.add(defect);
                return advices;
            }
        };
        envelope.take(&segment, defects);
        match segment.name() {
            "ST" => open = envelope.is_notice().then(Notice::default),
            "SE" => close(open.take(), &segment, &mut advices, defects),
            _ => {
                if let Some(notice) = &mut open {
                    notice.take(&segment, defects);
                }
            }
        }
    }
    envelope.finish(defects);
    advices
}

fn close(
    notice: Option<Notice>,
    segment: &Segment,
    advices: &mut Vec<DespatchAdvice>,
    defects: &mut Defects,
) {
    let Some(advice) = notice.and_then(|notice| notice.finish(segment, defects)) else { return };
    if advices.iter().any(|other| other.number == advice.number) {
        defects.add(segment.defect(0, twice(&advice.number)));
    }
    advices.push(advice);
}

#[cfg(test)]
mod tests;
