//! One ship notice: its levels of shipment, order, tare, pack and item, and what each says (X12 856).

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::dscsa::DespatchAdvice;
use crate::dscsa::Line;
use crate::dscsa::OrderNumber;
use crate::dscsa::Parties;
use crate::dscsa::Party;
use crate::dscsa::UnitOfMeasure;
use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::trade_values;
use crate::formats::x12_856::segments::Segment;
use crate::gs1::Sscc;

/// A transaction set 856 while it is read.
#[derive(Default)]
pub(super) struct Notice {
    number: String,
    sent_on: Option<NaiveDate>,
    shipped_on: Option<NaiveDate>,
    due_on: Option<NaiveDate>,
    parties: Parties,
    levels: Vec<Level>,
    known: HashMap<String, usize>,
    lines: Vec<Item>,
}

/// One HL loop.
#[derive(Default)]
struct Level {
    parent: Option<usize>,
    order: Option<OrderNumber>,
    packages: Vec<Sscc>,
    serials: Vec<Box<str>>,
    lot: Option<Box<str>>,
    item: Option<usize>,
}

/// One item, and the level it stands on.
#[derive(Default)]
struct Item {
    level: usize,
    segment: Segment,
    named: bool,
    counted: bool,
    line: Line,
}

impl Notice {
    /// Takes one segment; those it has no use for are passed over.
    pub(super) fn take(&mut self, segment: &Segment, defects: &mut Defects) {
        match segment.name() {
            "BSN" => self.begin(segment, defects),
            "HL" => self.level(segment, defects),
            "DTM" => self.date(segment, defects),
            "N1" => self.party(segment, defects),
            "PRF" => self.order(segment, defects),
            "REF" => self.reference(segment),
            "LIN" => self.product(segment, defects),
            "SN1" => self.quantity(segment, defects),
            "PO4" => self.pack(segment, defects),
            "MAN" => self.marks(segment, defects),
            "CTT" => self.total(segment, defects),
            _ => {}
        }
    }

    /// The advice, at the end of its transaction set; `None` where it has no number.
    pub(super) fn finish(mut self, segment: &Segment, defects: &mut Defects) -> Option<DespatchAdvice> {
        if self.number.is_empty() {
            let fix = "begin with BSN and the shipment's number in its second element";
            defects.add(segment.defect(0, trade_values::missing("BSN segment with a number", fix)));
            return None;
        }
        if self.lines.is_empty() {
            let fix = "send each product in an HL loop of level I";
            defects.add(segment.defect(0, trade_values::missing("item", fix)));
        }
        self.spread_what_packs_say();
        let (levels, buyer) = (&self.levels, self.parties.buyer.gln);
        let mut orders: Vec<OrderNumber> = Vec::new();
        for order in levels.iter().filter_map(|level| level.order.clone()) {
            let order = order.issued_by(buyer);
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
        let lines = self.lines.into_iter().map(|item| item.finish(levels, defects)).collect();
        let issuer = self.parties.seller.gln.or(self.parties.ship_from.gln);
        Some(DespatchAdvice {
            number: OrderNumber::parse(&self.number).issued_by(issuer),
            parties: self.parties,
            orders,
            shipped_on: self.shipped_on.or(self.sent_on),
            due_on: self.due_on,
            lines,
        })
    }

    fn begin(&mut self, segment: &Segment, defects: &mut Defects) {
        self.number = segment.element(2).to_owned();
        if segment.element(1) == "01" {
            let message = "the notice is a cancellation, which cannot be imported";
            let fix = "remove what it cancels by hand";
            defects.add(segment.defect(1, Fault::error("x12-purpose", message, fix)));
        }
        self.sent_on = value(segment, 3, defects, trade_values::day);
    }

    fn level(&mut self, segment: &Segment, defects: &mut Defects) {
        let parent = match segment.element(2) {
            "" => None,
            parent => match self.known.get(parent) {
                Some(parent) => Some(*parent),
                None => {
                    let message = format!("its parent {parent:?} is no HL before it");
                    let fix = "send each level behind the one it is in";
                    defects.add(segment.defect(2, Fault::error("x12-hl", message, fix)));
                    None
                }
            },
        };
        let id = segment.element(1).to_owned();
        if self.known.insert(id.clone(), self.levels.len()).is_some() || id.is_empty() {
            let message = format!("the identifier {id:?} is empty or is there twice");
            defects.add(segment.defect(1, Fault::error("x12-hl", message, "number the levels from 1 on")));
        }
        self.levels.push(Level { parent, ..Level::default() });
    }

    fn date(&mut self, segment: &Segment, defects: &mut Defects) {
        // Dates of items are of their lots.
        if self.levels.len() > 1 {
            return;
        }
        let place = match segment.element(1) {
            "011" => &mut self.shipped_on,
            "017" | "067" | "002" => &mut self.due_on,
            _ => return,
        };
        *place = value(segment, 2, defects, trade_values::day);
    }

    fn party(&mut self, segment: &Segment, defects: &mut Defects) {
        let is_bill_to = segment.element(1) == "BT";
        let place = match segment.element(1) {
            "SF" => &mut self.parties.ship_from,
            "ST" => &mut self.parties.ship_to,
            "SE" | "SU" | "VN" => &mut self.parties.seller,
            "BY" | "BT" => &mut self.parties.buyer,
            _ => return,
        };
        if is_bill_to && !place.sent.is_empty() {
            return;
        }
        let (scheme, sent) = (segment.element(3), segment.element(4));
        let mut party = Party { name: segment.element(2).into(), ..Party::default() };
        match scheme {
            _ if sent.is_empty() => {}
            "UL" => {
                party.gln = value(segment, 4, defects, trade_values::gln);
                party.sent = sent.into();
            }
            "11" => {
                warn(segment, 4, defects, trade_values::dea);
                party.sent = format!("DEA {sent}").into();
            }
            "21" => party.sent = format!("HIN {sent}").into(),
            "1" | "9" => party.sent = format!("DUNS {sent}").into(),
            _ => party.sent = format!("{scheme} {sent}").trim().into(),
        }
        *place = party;
    }

    fn order(&mut self, segment: &Segment, defects: &mut Defects) {
        let Some(level) = self.levels.last_mut() else { return };
        if segment.element(1).is_empty() {
            let fix = "write the number of the purchase order";
            defects.add(segment.defect(1, trade_values::missing("order number", fix)));
            return;
        }
        level.order = Some(OrderNumber::parse(segment.element(1)));
    }

    fn reference(&mut self, segment: &Segment) {
        let Some(level) = self.levels.last_mut() else { return };
        match segment.element(1) {
            "LT" => level.lot = text(segment.element(2)),
            "SE" => level.serials.extend(text(segment.element(2))),
            _ => {}
        }
    }

    fn product(&mut self, segment: &Segment, defects: &mut Defects) {
        let Some(item) = self.item(segment, true, defects) else { return };
        item.named = true;
        item.line.number = segment.element(1).into();
        for (at, qualifier, said) in segment.pairs(2) {
            match qualifier {
                _ if said.is_empty() => {}
                "N4" => item.line.ndc = text(said),
                "UK" => item.line.gtin = value(segment, at, defects, trade_values::gtin),
                "UP" | "EN" | "UA" if item.line.gtin.is_none() => {
                    item.line.gtin = value(segment, at, defects, trade_values::gtin);
                }
                "LT" => item.line.lot = text(said),
                "SN" => item.line.serials.extend(text(said)),
                _ => {}
            }
        }
        if item.line.gtin.is_none() && item.line.ndc.is_none() {
            let fix = "name the product by UK (GTIN-14) or N4 (NDC)";
            defects.add(segment.defect(0, trade_values::missing("GTIN and no NDC", fix)));
        }
    }

    fn quantity(&mut self, segment: &Segment, defects: &mut Defects) {
        let Some(item) = self.item(segment, false, defects) else { return };
        item.counted = true;
        if segment.element(2).is_empty() {
            defects.add(segment.defect(2, trade_values::missing("quantity", "write how many were shipped")));
        }
        item.line.quantity = value(segment, 2, defects, trade_values::count).unwrap_or_default();
        item.line.unit = UnitOfMeasure::parse(segment.element(3));
        if item.line.number.is_empty() {
            item.line.number = segment.element(1).into();
        }
    }

    fn pack(&mut self, segment: &Segment, defects: &mut Defects) {
        let Some(item) = self.levels.last().and_then(|level| self.lines.get_mut(level.item?)) else { return };
        item.line.units_per_case = value(segment, 1, defects, trade_values::count);
    }

    fn marks(&mut self, segment: &Segment, defects: &mut Defects) {
        let Some(level) = self.levels.last_mut() else { return };
        // MAN01-02, and once more in MAN04-05.
        for at in [1, 4] {
            match segment.element(at) {
                "GM" | "AA" | "AI" => {
                    level.packages.extend(warn(segment, at + 1, defects, trade_values::sscc))
                }
                "SN" => level.serials.extend(text(segment.element(at + 1))),
                _ => {}
            }
        }
    }

    fn total(&mut self, segment: &Segment, defects: &mut Defects) {
        let said = segment.element(1);
        if !said.is_empty() && said.parse() != Ok(self.levels.len()) {
            let message = format!("it counts {said:?} HL segments, and there are {}", self.levels.len());
            let fault = Fault::warning("x12-count", message, "count the HL segments");
            defects.add(segment.defect(1, fault));
        }
    }

    /// The item of the level that is open: a new one where it has none, or a further one where `LIN` comes again.
    fn item(&mut self, segment: &Segment, names: bool, defects: &mut Defects) -> Option<&mut Item> {
        let Some(at) = self.levels.len().checked_sub(1) else {
            let fault = Fault::error("x12-hl", "it stands before any HL", "begin each level with HL");
            defects.add(segment.defect(0, fault));
            return None;
        };
        let level = self.levels.get_mut(at)?;
        let open = level.item.filter(|item| !names || self.lines.get(*item).is_some_and(|item| !item.named));
        let index = open.unwrap_or(self.lines.len());
        level.item = Some(index);
        if index == self.lines.len() {
            self.lines.push(Item { level: at, segment: segment.clone(), ..Item::default() });
        }
        self.lines.get_mut(index)
    }

    /// Where packs are inside items (the structure shipment, order, item, pack), what they say belongs to the item.
    fn spread_what_packs_say(&mut self) {
        for at in 0..self.levels.len() {
            let Some(level) = self.levels.get(at).filter(|level| level.item.is_none()) else { continue };
            let Some(item) = above(&self.levels, at).find_map(|level| level.item) else { continue };
            let (packages, serials, lot) = (level.packages.clone(), level.serials.clone(), level.lot.clone());
            if let Some(item) = self.lines.get_mut(item) {
                item.line.packages.extend(packages);
                item.line.serials.extend(serials);
                item.line.lot = item.line.lot.take().or(lot);
            }
        }
    }
}

impl Item {
    /// The line, with what its level and those around it say.
    fn finish(self, levels: &[Level], defects: &mut Defects) -> Line {
        if !self.named {
            let fix = "send LIN with the product before SN1";
            defects.add(self.segment.defect(0, trade_values::missing("LIN for this item", fix)));
        } else if !self.counted {
            let fix = "send SN1 with the number of units shipped";
            defects.add(self.segment.defect(0, trade_values::missing("SN1 for this item", fix)));
        }
        let mut line = self.line;
        if let Some(own) = levels.get(self.level) {
            line.serials.extend(own.serials.iter().cloned());
            line.lot = line.lot.or_else(|| own.lot.clone());
        }
        let around = || levels.get(self.level).into_iter().chain(above(levels, self.level));
        line.order = around().find_map(|level| level.order.clone());
        if let Some(level) = around().find(|level| !level.packages.is_empty()) {
            line.packages.extend(level.packages.iter().copied());
        }
        line
    }
}

/// The levels a level is in, from the inside out.
fn above(levels: &[Level], at: usize) -> impl Iterator<Item = &Level> {
    let parent = |at: usize| levels.get(at).and_then(|level| level.parent);
    let mut next = parent(at);
    std::iter::from_fn(move || {
        let here = next?;
        // A parent always stands before its child, so this ends.
        next = parent(here);
        levels.get(here)
    })
}

/// The value of an element that is not empty; what is wrong with it is an error.
fn value<T>(
    segment: &Segment,
    element: usize,
    defects: &mut Defects,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Option<T> {
    let said = segment.element(element);
    if said.is_empty() {
        return None;
    }
    read(said).map_err(|fault| defects.add(segment.defect(element, fault))).ok()
}

/// As [`value`], of what nothing is compared by: what is wrong with it is a warning.
fn warn<T>(
    segment: &Segment,
    element: usize,
    defects: &mut Defects,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Option<T> {
    value(segment, element, defects, |said| {
        read(said).map_err(|fault| Fault::warning(fault.rule, fault.message, fault.fix))
    })
}

fn text(said: &str) -> Option<Box<str>> {
    Some(said).filter(|said| !said.is_empty()).map(Into::into)
}
