//! What the GS1 US guideline and the law ask of one document, checked event by event in bounded space.
//!
//! To add a check, write a file with its rule and one line in [`ALL`]. What needs a memory of each item, such as whether
//! it was ever commissioned, is no check of one document but a rule of reconciliation.

mod check_digit;
mod despatch_advice_missing;
mod epc_form;
mod event_order;
mod expiry_day_zero;
mod expiry_form;
mod expiry_missing;
mod future_time;
mod gln_form;
mod gtin_length;
mod level_unknown;
mod lot_after_expiry;
mod lot_expiries;
mod lot_form;
mod lot_missing;
mod master_data_missing;
mod mixed_levels;
mod mixed_releases;
mod ndc_differs;
mod ndc_form;
mod ndc_type;
mod notes;
mod old_ilmd;
mod order_missing;
mod owner_missing;
mod party_incomplete;
mod party_unknown;
mod place_missing;
mod place_unknown;
mod prefix_length;
mod product_incomplete;
mod product_unknown;
mod purchase_order_missing;
mod quantity_shipped;
mod receiver_differs;
mod sbdh_missing;
mod serial_length;
mod several_lots;
mod several_products;
mod several_sellers;
mod shipping_location;
mod statement_false;
mod statement_missing;
mod statement_notice;
mod step_action;
mod step_disposition;

use std::fmt;

use crate::dscsa::Finding;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::RuleOverrides;
use crate::dscsa::survey::Catalogue;
use crate::dscsa::survey::Class;
use crate::dscsa::survey::Content;
use crate::dscsa::survey::Entry;
use crate::dscsa::survey::Ilmd;
use crate::dscsa::survey::Product;
use crate::dscsa::survey::Release;
use crate::dscsa::survey::Survey;
use crate::dscsa::survey::Transfer;
use crate::dscsa::survey::USHC_NAMESPACE;
use crate::dscsa::survey::before_serial;
use crate::dscsa::survey::detect;
use crate::dscsa::survey::family;
use crate::dscsa::survey::step;
use crate::dscsa::survey::transaction;
use crate::epcis::Action;
use crate::epcis::Event;
use crate::epcis::EventTime;
use crate::epcis::Header;
use crate::gs1::Epc;
use crate::gs1::Flaw;
use crate::gs1::Gln;
use crate::gs1::Gtin;

pub use notes::Notes;

/// Every check, by subject.
pub const ALL: &[Check] = &[
    epc_form::CHECK,
    serial_length::CHECK,
    check_digit::CHECK,
    gtin_length::CHECK,
    gln_form::CHECK,
    prefix_length::CHECK,
    statement_missing::CHECK,
    statement_false::CHECK,
    statement_notice::CHECK,
    several_sellers::CHECK,
    master_data_missing::CHECK,
    product_unknown::CHECK,
    product_incomplete::CHECK,
    level_unknown::CHECK,
    ndc_type::CHECK,
    ndc_form::CHECK,
    ndc_differs::CHECK,
    party_unknown::CHECK,
    party_incomplete::CHECK,
    place_unknown::CHECK,
    owner_missing::CHECK,
    place_missing::CHECK,
    receiver_differs::CHECK,
    sbdh_missing::CHECK,
    order_missing::CHECK,
    purchase_order_missing::CHECK,
    despatch_advice_missing::CHECK,
    quantity_shipped::CHECK,
    lot_missing::CHECK,
    expiry_missing::CHECK,
    expiry_form::CHECK,
    expiry_day_zero::CHECK,
    lot_expiries::CHECK,
    several_lots::CHECK,
    lot_form::CHECK,
    lot_after_expiry::CHECK,
    old_ilmd::CHECK,
    mixed_levels::CHECK,
    several_products::CHECK,
    future_time::CHECK,
    event_order::CHECK,
    shipping_location::CHECK,
    step_disposition::CHECK,
    step_action::CHECK,
    mixed_releases::CHECK,
];

/// One check of the guideline.
#[derive(Debug)]
pub struct Check {
    /// What it asks, and how its findings are explained.
    pub rule: &'static Rule,
    /// A piece of a document that breaks it; empty where no short piece can show it.
    pub bad: &'static str,
    /// The same piece as it should be.
    pub good: &'static str,
    judge: Judge,
}

/// When a check is made.
#[derive(Clone, Copy, Debug)]
enum Judge {
    /// At each event.
    Event(fn(&Scene<'_>, &mut Notes)),
    /// At the end of the document.
    Document(fn(&Whole<'_>, &mut Notes)),
    /// At each event, and at the end.
    Both(fn(&Scene<'_>, &mut Notes), fn(&Whole<'_>, &mut Notes)),
}

/// One event, and what the document said before it.
struct Scene<'a> {
    position: u64,
    event: &'a Event,
    /// The business step as a bare word of CBV; empty for none.
    step: &'a str,
    content: &'a Content<'a>,
    ilmd: Ilmd<'a>,
    /// Parties and places, where it ships to another owner.
    transfer: Option<Transfer<'a>>,
    survey: &'a Survey,
    now: Option<&'a EventTime>,
}

/// A document read to its end.
struct Whole<'a> {
    header: &'a Header,
    survey: &'a Survey,
    catalogue: Catalogue<'a>,
    release: Release,
    release_by: &'a str,
    options: &'a Options,
}

impl Scene<'_> {
    /// A breach of this rule in this event.
    fn finding(&self, rule: &'static Rule, message: impl Into<String>) -> Finding {
        Finding::new(rule, message).in_event(self.position)
    }

    /// True where serialised trade items come into being.
    fn commissions(&self) -> bool {
        self.step == "commissioning"
            && self.event.what.action() == Some(Action::Add)
            && self.content.has_items()
    }
}

impl<'a> Whole<'a> {
    /// The entries of master data for a product, the lowest packaging level first.
    fn entries(&self, of: &str) -> impl Iterator<Item = (&Gtin, &Entry<'a>)> {
        self.catalogue.products.iter().filter(move |(gtin, _)| family(gtin) == of)
    }

    /// True where a level of this product is in the master data.
    fn describes(&self, family: &str) -> bool {
        self.entries(family).next().is_some()
    }

    /// True where the receiver's own catalogue has this product.
    fn knows_product(&self, product: &Product) -> bool {
        product.levels.iter().any(|gtin| (self.options.known_product)(gtin.as_str()))
    }

    /// The entries of master data for products on the prefix of US drugs.
    fn us_products(&self) -> impl Iterator<Item = (&Gtin, &Entry<'a>)> {
        self.catalogue.products.iter().filter(|(gtin, _)| is_us_drug(family(gtin)))
    }
}

/// Which documents are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those that show the US healthcare extension or a US drug.
    #[default]
    UnitedStates,
    /// Every document.
    Every,
}

/// Tells whether the receiver knows a party (by GLN-13) or a trade item (by GTIN-14) without the document's help.
pub type Known = Box<dyn Fn(&str) -> bool + Send>;

/// How to judge.
pub struct Options {
    /// Which documents are judged.
    pub scope: Scope,
    /// The time at which the document is judged; `None` to judge it by its own times alone.
    pub now: Option<EventTime>,
    /// Severities that stand over those of the rules.
    pub overrides: RuleOverrides,
    /// Parties of the receiver's own list.
    pub known_party: Known,
    /// Trade items of the receiver's own catalogue.
    pub known_product: Known,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            scope: Scope::default(),
            now: None,
            overrides: RuleOverrides::default(),
            known_party: Box::new(|_| false),
            known_product: Box::new(|_| false),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("scope", &self.scope).field("now", &self.now).finish_non_exhaustive()
    }
}

/// What the guideline finds in one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Why the document is judged; `None` where it is none of the United States, and nothing was judged.
    pub concerned: Option<&'static str>,
    /// The release it follows.
    pub release: Release,
    /// What says so.
    pub release_by: String,
    /// Findings in the order of the document; what concerns it as a whole comes first.
    pub findings: Vec<Finding>,
    /// Findings beyond those kept of each rule.
    pub left_out: u64,
}

/// A document being checked.
#[derive(Debug)]
pub struct Guideline {
    options: Options,
    survey: Survey,
    notes: Notes,
}

impl Guideline {
    /// Begins with the header as far as it stands before the events.
    pub fn new(options: Options, header: &Header) -> Guideline {
        Guideline { options, survey: Survey::new(header), notes: Notes::default() }
    }

    /// Takes the event at this position from 0. An event that is declared wrong claims nothing and is passed over.
    pub fn event(&mut self, position: u64, event: &Event) {
        if event.error_declaration.is_some() {
            return;
        }
        let content = Content::of(event);
        let transfer = Transfer::of(event, self.survey.between_parties);
        let scene = Scene {
            position,
            event,
            step: step(event),
            content: &content,
            ilmd: Ilmd::of(event),
            transfer,
            survey: &self.survey,
            now: self.options.now.as_ref(),
        };
        for check in ALL {
            if let Judge::Event(judge) | Judge::Both(judge, _) = check.judge {
                judge(&scene, &mut self.notes);
            }
        }
        self.survey.record(position, event, &content, transfer);
    }

    /// Judges the whole; the header is complete by now.
    pub fn finish(mut self, header: &Header) -> Report {
        let catalogue = Catalogue::of(header);
        let (release, release_by) = detect(header, &catalogue, self.survey.marks);
        let concerned = match self.options.scope {
            Scope::Every => Some("asked for"),
            Scope::UnitedStates => concerned(header, &catalogue, &self.survey),
        };
        if concerned.is_none() {
            return Report { concerned, release, release_by, findings: Vec::new(), left_out: 0 };
        }
        let whole = Whole {
            header,
            survey: &self.survey,
            catalogue,
            release,
            release_by: &release_by,
            options: &self.options,
        };
        for check in ALL {
            if let Judge::Document(judge) | Judge::Both(_, judge) = check.judge {
                judge(&whole, &mut self.notes);
            }
        }
        let (findings, left_out) = self.notes.finish();
        let told = |finding| self.options.overrides.apply(finding);
        let mut findings: Vec<Finding> = findings.into_iter().filter_map(told).collect();
        findings.sort_by_key(|finding| finding.event);
        Report { concerned, release, release_by, findings, left_out }
    }
}

/// Why a document concerns the United States; `None` where nothing in it says so.
fn concerned(header: &Header, catalogue: &Catalogue<'_>, survey: &Survey) -> Option<&'static str> {
    let mut elements = header.elements.iter().chain(&header.document_elements).chain(&header.body_elements);
    if survey.us_extension || elements.any(|element| &*element.name.namespace == USHC_NAMESPACE) {
        return Some("it has elements of the US healthcare extension");
    }
    if header.namespaces.0.iter().any(|(_, namespace)| &**namespace == USHC_NAMESPACE) {
        return Some("it declares the US healthcare extension");
    }
    let code = "additionalTradeItemIdentificationTypeCode";
    let is_ndc = |text: &str| text.contains("NDC");
    if catalogue.products.values().any(|entry| entry.attribute(code).is_some_and(is_ndc)) {
        return Some("its master data has National Drug Codes");
    }
    if survey.products.iter().any(|(family, product)| is_us_drug(family) && product.traded) {
        return Some("it commissions or ships products on the US drug prefix 03");
    }
    None
}

/// True for products numbered on `03`, the prefix that holds ten digits of an NDC.
fn is_us_drug(family: &str) -> bool {
    family.starts_with("03")
}

/// Notes each malformed identifier whose flaw is of this kind, with the container it is packed in.
fn blame_malformed(
    rule: &'static Rule,
    concerns: &dyn Fn(Flaw) -> bool,
    scene: &Scene<'_>,
    notes: &mut Notes,
) {
    let concerned = scene.content.malformed.iter().filter(|(_, malformed)| concerns(malformed.flaw()));
    for (item, malformed) in concerned {
        let finding = scene.finding(rule, malformed.to_string()).about(epc(item));
        let finding = match scene.event.what.parent().filter(|parent| parent != item) {
            Some(parent) => finding.about(epc(parent)),
            None => finding,
        };
        notes.add(cut(before_serial(item.as_str())), finding);
    }
}

/// The product that an item belongs to: its family, and the GTIN of its lowest packaging level known so far.
fn product(scene: &Scene<'_>, class: &Class<'_>) -> (String, Gtin) {
    let family = family(&class.gtin);
    let levels = scene.survey.products.get(family).and_then(|product| product.levels.first());
    (family.to_owned(), levels.copied().map_or(class.gtin, |lowest| lowest.min(class.gtin)))
}

/// The lot of these items; only the product where the event names none or several.
fn lot_object(scene: &Scene<'_>, class: &Class<'_>) -> Object {
    let (_, gtin) = product(scene, class);
    Object::Lot(gtin.as_str().into(), cut(scene.ilmd.lot().unwrap_or_default()).into())
}

/// What people call an event by: its delivery, its order, its container, or the first thing in it.
fn subject(scene: &Scene<'_>, finding: Finding) -> Finding {
    let event = scene.event;
    let business = transaction(event, "desadv").or_else(|| transaction(event, "po"));
    if let Some(business) = business {
        return finding.about(Object::BizTransaction(cut(&business.id).into()));
    }
    match event.what.parent().or_else(|| event.what.epcs().first()) {
        Some(thing) => finding.about(epc(thing)),
        None => finding,
    }
}

/// What name and address lack of what transaction information asks for.
fn address_gaps(entry: &Entry<'_>) -> Vec<&'static str> {
    let american = entry.attribute("countryCode").is_none_or(|code| code.eq_ignore_ascii_case("US"));
    let parts = [
        ("name", "name", true),
        ("streetAddressOne", "street", true),
        ("city", "city", true),
        ("state", "state", american),
        ("postalCode", "postal code", american),
    ];
    let missing = parts.iter().filter(|(name, _, asked)| *asked && entry.attribute(name).is_none());
    missing.map(|(_, word, _)| *word).collect()
}

/// True for a party whose identifier is malformed, which is a finding by itself.
fn is_malformed(party: &str) -> bool {
    Gln::parse(party).is_err() && Epc::parse(party).fault().is_some()
}

fn epc(epc: &Epc) -> Object {
    Object::Epc(cut(epc.as_str()).into())
}

/// A value as messages show it.
fn shown(text: &str) -> String {
    let short = text.char_indices().nth(80).and_then(|(end, _)| text.get(..end));
    match short {
        Some(short) => format!("“{}…”", short.escape_debug()),
        None => format!("“{}”", text.escape_debug()),
    }
}

/// A value as findings keep it: no document can fill the memory with it.
fn cut(text: &str) -> &str {
    const LONGEST: usize = 400;
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod samples;
