//! OrderForm and AdviceForm: a purchase order and a despatch advice in JSON, as they are imported, shown and kept.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::Value;

use crate::dscsa::DespatchAdvice;
use crate::dscsa::Line;
use crate::dscsa::OrderNumber;
use crate::dscsa::Parties;
use crate::dscsa::Party;
use crate::dscsa::PurchaseOrder;
use crate::dscsa::UnitOfMeasure;
use crate::formats::Fault;
use crate::formats::records::Faults;
use crate::formats::records::optional;
use crate::formats::trade_values;
use crate::formats::trade_values::loose;
use crate::gs1::Gln;

/// A purchase order in JSON: its number, and its lines; the rest may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct OrderForm {
    /// Raw, or `urn:epcglobal:cbv:bt:<GLN of the buyer>:<number>`.
    #[serde(deserialize_with = "loose")]
    pub number: String,
    /// GLN of whoever gave the number, where neither the number nor the buyer says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Who buys.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub buyer: PartyForm,
    /// Who sells.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub seller: PartyForm,
    /// The place the goods leave.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub ship_from: PartyForm,
    /// The place they are sent to.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub ship_to: PartyForm,
    /// The day of the order, or on which the goods left.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// The day for which delivery was asked, or is expected.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due: String,
    /// Its lines.
    pub lines: Vec<LineForm>,
}

/// A despatch advice in JSON: as an order, with the orders it serves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct AdviceForm {
    /// Raw, or `urn:epcglobal:cbv:bt:<GLN of the seller>:<number>`.
    #[serde(deserialize_with = "loose")]
    pub number: String,
    /// GLN of whoever gave the number, where neither the number nor the seller says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Numbers of the orders it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<String>,
    /// Who buys.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub buyer: PartyForm,
    /// Who sells.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub seller: PartyForm,
    /// The place the goods leave.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub ship_from: PartyForm,
    /// The place they are sent to.
    #[serde(skip_serializing_if = "PartyForm::is_empty")]
    pub ship_to: PartyForm,
    /// The day on which the goods left.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// The day they are expected.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due: String,
    /// Its lines.
    pub lines: Vec<LineForm>,
}

/// A party: a GLN alone, or an object with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PartyForm {
    /// GLN: 13 digits, or the URN of an SGLN or PGLN.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gln: String,
    /// Another identifier, with its scheme in front, such as `DEA AB1234563`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A line: the product by its GTIN or NDC, and how many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct LineForm {
    /// The line of the file on which it stands, in CSV.
    #[serde(skip)]
    pub row: u64,
    /// Line number.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub line: String,
    /// GTIN.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub gtin: String,
    /// NDC.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub ndc: String,
    /// Lot.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub lot: String,
    /// How many of the unit of measure; also `units`, for saleable units.
    #[serde(deserialize_with = "loose", alias = "units")]
    pub quantity: String,
    /// `each` (also where it is left out), `case`, or another word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Saleable units in a case.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub units_per_case: String,
    /// Number of the order the line serves.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// SSCCs it is packed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// Serial numbers it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
}

impl OrderForm {
    /// The order it describes; what is wrong goes to `faults`, with its path.
    pub fn read(self, faults: &mut Faults) -> PurchaseOrder {
        let parties = parties([&self.buyer, &self.seller, &self.ship_from, &self.ship_to], faults);
        let issuer = optional(&self.issuer, "issuer", faults, trade_values::gln).or(parties.buyer.gln);
        PurchaseOrder {
            number: number(&self.number, issuer, faults),
            parties,
            ordered_on: optional(&self.date, "date", faults, trade_values::day),
            due_on: optional(&self.due, "due", faults, trade_values::day),
            lines: lines(&self.lines, faults),
        }
    }
}

impl AdviceForm {
    /// The advice it describes; what is wrong goes to `faults`, with its path.
    pub fn read(self, faults: &mut Faults) -> DespatchAdvice {
        let parties = parties([&self.buyer, &self.seller, &self.ship_from, &self.ship_to], faults);
        let told = optional(&self.issuer, "issuer", faults, trade_values::gln);
        let issuer = told.or(parties.seller.gln).or(parties.ship_from.gln);
        let buyer = parties.buyer.gln;
        let orders = self.orders.iter().filter(|text| !text.trim().is_empty());
        DespatchAdvice {
            number: number(&self.number, issuer, faults),
            orders: orders.map(|text| OrderNumber::parse(text).issued_by(buyer)).collect(),
            parties,
            shipped_on: optional(&self.date, "date", faults, trade_values::day),
            due_on: optional(&self.due, "due", faults, trade_values::day),
            lines: lines(&self.lines, faults),
        }
    }
}

fn number(text: &str, issuer: Option<Gln>, faults: &mut Faults) -> OrderNumber {
    let number = OrderNumber::parse(text).issued_by(issuer);
    if number.number().is_empty() {
        let fix = "write the number of the order or advice";
        faults.push(("number".to_owned(), trade_values::missing("number", fix)));
    } else if number.number().len() > 200 || number.number().chars().any(char::is_control) {
        let message = "the number has a control character or more than 200 bytes";
        faults.push(("number".to_owned(), Fault::error("import-word", message, "write the number alone")));
    }
    number
}

fn parties([buyer, seller, ship_from, ship_to]: [&PartyForm; 4], faults: &mut Faults) -> Parties {
    Parties {
        buyer: buyer.read("buyer", faults),
        seller: seller.read("seller", faults),
        ship_from: ship_from.read("shipFrom", faults),
        ship_to: ship_to.read("shipTo", faults),
    }
}

fn lines(forms: &[LineForm], faults: &mut Faults) -> Vec<Line> {
    if forms.is_empty() {
        let fix = "write what was ordered or sent, a product a line";
        faults.push(("lines".to_owned(), trade_values::missing("line", fix)));
    }
    let lines = forms.iter().enumerate().map(|(at, form)| {
        faults.at_line(form.row);
        let path = if form.row > 0 { String::new() } else { format!("lines[{at}].") };
        form.read(&path, faults)
    });
    let lines = lines.collect();
    faults.at_line(0);
    lines
}

impl PartyForm {
    fn is_empty(&self) -> bool {
        *self == PartyForm::default()
    }

    fn read(&self, path: &str, faults: &mut Faults) -> Party {
        let gln = optional(&self.gln, path, faults, trade_values::gln);
        let sent = if self.gln.trim().is_empty() { &self.id } else { &self.gln };
        Party { gln, sent: sent.trim().into(), name: self.name.trim().into() }
    }
}

impl LineForm {
    /// The line it describes; what is wrong goes to `faults`, under this path.
    fn read(&self, path: &str, faults: &mut Faults) -> Line {
        let of = |name: &str| format!("{path}{name}");
        let text = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into);
        if self.gtin.trim().is_empty() && self.ndc.trim().is_empty() {
            let fix = "name the product by one of them";
            faults.push((of("gtin"), trade_values::missing("GTIN and no NDC", fix)));
        }
        if self.quantity.trim().is_empty() {
            faults.push((of("quantity"), trade_values::missing("quantity", "write how many")));
        }
        let order = Some(&self.order).filter(|order| !order.trim().is_empty());
        let packages = self.packages.iter().enumerate();
        Line {
            number: self.line.trim().into(),
            gtin: optional(&self.gtin, &of("gtin"), faults, trade_values::gtin),
            ndc: text(&self.ndc),
            lot: text(&self.lot),
            quantity: optional(&self.quantity, &of("quantity"), faults, trade_values::count)
                .unwrap_or_default(),
            unit: UnitOfMeasure::parse(&self.unit),
            units_per_case: optional(&self.units_per_case, &of("unitsPerCase"), faults, trade_values::count),
            order: order.map(|order| OrderNumber::parse(order)),
            packages: packages
                .filter_map(|(at, text)| {
                    optional(text, &of(&format!("packages[{at}]")), faults, trade_values::sscc)
                })
                .collect(),
            serials: self.serials.iter().filter_map(|serial| text(serial)).collect(),
        }
    }
}

impl From<&PurchaseOrder> for OrderForm {
    fn from(order: &PurchaseOrder) -> OrderForm {
        OrderForm {
            number: order.number.as_str().to_owned(),
            issuer: issuer(&order.number),
            buyer: PartyForm::from(&order.parties.buyer),
            seller: PartyForm::from(&order.parties.seller),
            ship_from: PartyForm::from(&order.parties.ship_from),
            ship_to: PartyForm::from(&order.parties.ship_to),
            date: day(order.ordered_on),
            due: day(order.due_on),
            lines: order.lines.iter().map(LineForm::from).collect(),
        }
    }
}

impl From<&DespatchAdvice> for AdviceForm {
    fn from(advice: &DespatchAdvice) -> AdviceForm {
        AdviceForm {
            number: advice.number.as_str().to_owned(),
            issuer: issuer(&advice.number),
            orders: advice.orders.iter().map(|order| order.as_str().to_owned()).collect(),
            buyer: PartyForm::from(&advice.parties.buyer),
            seller: PartyForm::from(&advice.parties.seller),
            ship_from: PartyForm::from(&advice.parties.ship_from),
            ship_to: PartyForm::from(&advice.parties.ship_to),
            date: day(advice.shipped_on),
            due: day(advice.due_on),
            lines: advice.lines.iter().map(LineForm::from).collect(),
        }
    }
}

impl From<&Party> for PartyForm {
    fn from(party: &Party) -> PartyForm {
        let sent = party.sent.to_string();
        let (gln, id) = if party.gln.is_some() { (sent, String::new()) } else { (String::new(), sent) };
        PartyForm { gln, id, name: party.name.to_string() }
    }
}

impl From<&Line> for LineForm {
    fn from(line: &Line) -> LineForm {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        LineForm {
            row: 0,
            line: line.number.to_string(),
            gtin: line.gtin.map(|gtin| gtin.to_string()).unwrap_or_default(),
            ndc: text(&line.ndc),
            lot: text(&line.lot),
            quantity: line.quantity.to_string(),
            unit: line.unit.as_str().to_owned(),
            units_per_case: line.units_per_case.map(|units| units.to_string()).unwrap_or_default(),
            order: line.order.as_ref().map(|order| order.as_str().to_owned()).unwrap_or_default(),
            packages: line.packages.iter().map(ToString::to_string).collect(),
            serials: line.serials.iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for PartyForm {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<PartyForm, D::Error> {
        use serde::de::Error;
        let members = match Value::deserialize(input)? {
            Value::Null => return Ok(PartyForm::default()),
            Value::String(gln) => return Ok(PartyForm { gln, ..PartyForm::default() }),
            Value::Object(members) => members,
            _ => return Err(D::Error::custom("expected a GLN, or an object with gln, id and name")),
        };
        let mut party = PartyForm::default();
        for (member, value) in members {
            let place = match member.as_str() {
                "gln" => &mut party.gln,
                "id" => &mut party.id,
                "name" => &mut party.name,
                _ => return Err(D::Error::unknown_field(&member, &["gln", "id", "name"])),
            };
            let Value::String(text) = value else { return Err(D::Error::custom("expected a string")) };
            *place = text;
        }
        Ok(party)
    }
}

/// The issuer where the number does not say it itself.
fn issuer(number: &OrderNumber) -> String {
    let says = OrderNumber::parse(number.as_str()).issuer().is_some();
    number.issuer().filter(|_| !says).map(|gln| gln.to_string()).unwrap_or_default()
}

fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
