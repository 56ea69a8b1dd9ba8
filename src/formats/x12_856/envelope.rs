//! The envelopes of an interchange, ISA/IEA, GS/GE, ST/SE: what they count and how they are numbered must agree (X12.5, X12.6).

use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::x12_856::segments::Segment;
use crate::formats::x12_856::segments::truncated;

/// What is open, and what has been counted in it.
#[derive(Default)]
pub(super) struct Envelope {
    interchange: Option<Open>,
    group: Option<Open>,
    transaction: Option<Open>,
    is_notice: bool,
    notices: u64,
}

/// An open envelope: its control number and the number of its parts.
struct Open {
    control: String,
    parts: u64,
}

impl Envelope {
    /// True inside a transaction set 856.
    pub(super) fn is_notice(&self) -> bool {
        self.is_notice && self.transaction.is_some()
    }

    /// Looks at a segment; opens or closes what it opens or closes.
    pub(super) fn take(&mut self, segment: &Segment, defects: &mut Defects) {
        if let Some(transaction) = &mut self.transaction {
            transaction.parts += 1;
        }
        match segment.name() {
            "ISA" => {
                if segment.element(15).eq_ignore_ascii_case("T") {
                    let message = "the interchange says that it is a test (ISA15 is T)";
                    defects.add(
                        segment.defect(15, Fault::warning("x12-test", message, "send real data with P")),
                    );
                }
                open(&mut self.interchange, segment, segment.element(13), defects);
            }
            "GS" => {
                count(&mut self.interchange);
                open(&mut self.group, segment, segment.element(6), defects);
            }
            "ST" => {
                count(&mut self.group);
                self.is_notice = segment.element(1) == "856";
                if self.is_notice {
                    self.notices += 1;
                } else {
                    let message = format!("a transaction set {:?} is not read here", segment.element(1));
                    let fault = Fault::warning("x12-transaction", message, "send ship notices (856) alone");
                    defects.add(segment.defect(1, fault));
                }
                open(&mut self.transaction, segment, segment.element(2), defects);
                count(&mut self.transaction);
            }
            "SE" => close(self.transaction.take(), "ST", segment, defects),
            "GE" => {
                unclosed(self.transaction.take(), "ST", segment, defects);
                close(self.group.take(), "GS", segment, defects);
            }
            "IEA" => {
                unclosed(self.group.take(), "GS", segment, defects);
                close(self.interchange.take(), "ISA", segment, defects);
            }
            _ => {}
        }
    }

    /// Looks at the end of the file.
    pub(super) fn finish(self, defects: &mut Defects) {
        if self.interchange.is_some() {
            let fault = truncated("the file ends without the IEA that closes it");
            defects.add(fault.at(Place::default(), ""));
        } else if self.notices == 0 {
            let message = "the file has no ship notice (transaction set 856)";
            let fix = "see that it is the right file";
            defects.add(Fault::error("x12-transaction", message, fix).at(Place::default(), ""));
        }
    }
}

fn count(envelope: &mut Option<Open>) {
    if let Some(open) = envelope {
        open.parts += 1;
    }
}

fn open(envelope: &mut Option<Open>, segment: &Segment, control: &str, defects: &mut Defects) {
    let name = segment.name().to_owned();
    unclosed(envelope.take(), &name, segment, defects);
    *envelope = Some(Open { control: control.to_owned(), parts: 0 });
}

fn unclosed(envelope: Option<Open>, name: &str, segment: &Segment, defects: &mut Defects) {
    if envelope.is_some() {
        let message = format!("the {name} before it is not closed");
        let fix = "close each envelope (SE, GE, IEA) before the next";
        defects.add(segment.defect(0, Fault::error("x12-envelope", message, fix)));
    }
}

fn close(envelope: Option<Open>, name: &str, segment: &Segment, defects: &mut Defects) {
    let Some(open) = envelope else {
        let message = format!("there is no {name} that it could close");
        let fault = Fault::error("x12-envelope", message, "send each envelope whole");
        defects.add(segment.defect(0, fault));
        return;
    };
    // What was lost on the way is known by these two alone.
    if segment.element(1).parse() != Ok(open.parts) {
        let message = format!("it counts {:?} parts, and there are {}", segment.element(1), open.parts);
        let fault = Fault::error("x12-count", message, "send the file again; a part of it was lost");
        defects.add(segment.defect(1, fault));
    }
    if !same_number(segment.element(2), &open.control) {
        let message = format!(
            "its control number {:?} is not {:?}, that of its {name}",
            segment.element(2),
            open.control
        );
        let fault = Fault::error("x12-control-number", message, "send both ends of one envelope");
        defects.add(segment.defect(2, fault));
    }
}

fn same_number(one: &str, other: &str) -> bool {
    one.trim_start_matches('0') == other.trim_start_matches('0')
}
