//! Transactions in words, as one hands them to an inspector.

use std::fmt::Write;

use crate::dscsa::transaction::Element;
use crate::dscsa::transaction::Origin;
use crate::dscsa::transaction::Party;
use crate::dscsa::transaction::Product;
use crate::dscsa::transaction::ProductLot;
use crate::dscsa::transaction::Told;
use crate::export::transactions::Transaction;

/// Where values begin.
const INDENT: usize = 36;

/// One transaction; numbers in brackets lead to the list of sources at its end.
pub fn to_text(transaction: &Transaction) -> String {
    let mut page = Page::default();
    page.information(transaction);
    page.statement(transaction);
    page.missing(transaction);
    page.list_sources();
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    sources: Vec<Origin>,
}

impl Page {
    fn information(&mut self, transaction: &Transaction) {
        let information = &transaction.information;
        self.line("TRANSACTION INFORMATION", "21 U.S.C. 360eee(26)");
        self.line("shipment", &format!("{}, of document {}", transaction.shipment, transaction.document));
        for (kind, id) in &transaction.references {
            let name = match kind.as_str() {
                "po" => "purchase order",
                "desadv" => "despatch advice",
                "" => "business transaction",
                other => other,
            };
            self.line(name, id);
        }
        for product in &information.products {
            self.product(product);
        }
        self.blank();
        self.told(Element::TransactionDate, Some(&information.date));
        let mut shipped = information.shipped.clone();
        if !information.shipped_later {
            shipped.text.push_str(" (not more than 24 hours later)");
        }
        self.told(Element::ShipmentDate, Some(&shipped));
        self.party(('I', "transferor"), &information.transferor);
        self.party(('J', "transferee"), &information.transferee);
        if let Some(drop_shipment) = transaction.purchase.drop_shipment {
            self.line("drop shipment", if drop_shipment { "yes" } else { "no" });
        }
        let purchases = [
            ("direct purchase", &transaction.purchase.direct),
            ("supplier's direct purchase", &transaction.purchase.received),
        ];
        for (name, purchase) in purchases {
            if let Some(purchase) = purchase {
                self.line(name, &format!("{} {}", purchase.extent, purchase.statement));
            }
        }
    }

    fn product(&mut self, product: &Product) {
        self.blank();
        self.line("trade item", &format!("GTIN {}", product.gtin));
        let elements =
            [Element::Name, Element::Strength, Element::DosageForm, Element::Ndc, Element::ContainerSize];
        for element in elements {
            self.told(element, product.told(element));
        }
        self.told(Element::Containers, Some(&product.containers));
        for lot in &product.lots {
            self.lot(lot);
        }
    }

    fn lot(&mut self, lot: &ProductLot) {
        self.told(Element::Lot, lot.lot.as_ref());
        let expiry = lot.expiry.as_ref().map_or_else(|| "NOT KNOWN".to_owned(), |told| self.noted(told));
        self.line("    expires", &expiry);
        self.line(" +  product identifiers", &format!("{} packages of this lot", lot.units.len()));
        let mut last = None;
        for unit in &lot.units {
            if last != Some(&unit.container) {
                last = Some(&unit.container);
                let place = unit
                    .container
                    .as_ref()
                    .map_or_else(|| "lying open:".to_owned(), |container| format!("in {container}:"));
                self.line("", &place);
            }
            let serial = unit.epc.serial().unwrap_or_default();
            self.line("", &format!("  serial {serial}   {}", unit.epc));
        }
    }

    fn party(&mut self, (letter, name): (char, &str), party: &Party) {
        let name = format!("({letter}) {name}");
        match &party.name {
            Some(told) => {
                let text = self.noted(told);
                self.line(&name, &text);
            }
            None => self.line(&name, "NAME NOT KNOWN"),
        }
        if let Some(first) = party.address.first() {
            let lines: Vec<&str> = party.address.iter().map(|line| line.text.as_str()).collect();
            let all = Told { text: lines.join(", "), origin: first.origin.clone() };
            let text = self.noted(&all);
            self.line("", &text);
        } else {
            self.line("", "ADDRESS NOT KNOWN");
        }
        if let Some(id) = &party.id {
            let text = self.noted(id);
            self.line("", &text);
        }
    }

    fn statement(&mut self, transaction: &Transaction) {
        self.blank();
        self.line("TRANSACTION STATEMENT", "21 U.S.C. 360eee(27)");
        let Some(statement) = &transaction.statement else {
            self.line("", "NONE: the document of this shipment has no dscsaTransactionStatement");
            return;
        };
        self.line("affirmTransactionStatement", &statement.affirmation);
        self.line("legalNotice", &statement.legal_notice);
        self.line("in", &format!("document {}: {}", transaction.document, statement.path));
        if !statement.is_affirmed() {
            self.line("", "NOT AFFIRMED: the law forbids to accept the product (582(c)(1)(A), 582(d)(1)(A))");
        }
    }

    fn missing(&mut self, transaction: &Transaction) {
        self.blank();
        let missing = &transaction.information.missing;
        if missing.is_empty() {
            self.line("MISSING", "nothing");
        }
        for missing in missing {
            let of = if missing.of.is_empty() { String::new() } else { format!("{}: ", missing.of) };
            let name = format!("MISSING ({}) {}", missing.element.letter(), missing.element.words());
            self.line(&name, &format!("{of}{}", missing.message));
        }
    }

    fn list_sources(&mut self) {
        self.blank();
        self.line("SOURCES", "");
        for (at, origin) in std::mem::take(&mut self.sources).iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(self.text, "[{}] {origin}", at + 1);
        }
    }

    fn told(&mut self, element: Element, told: Option<&Told>) {
        let name = format!("({}) {}", element.letter(), element.words());
        let text = told.map_or_else(|| "NOT KNOWN".to_owned(), |told| self.noted(told));
        self.line(&name, &text);
    }

    /// The value with the number of its source.
    fn noted(&mut self, told: &Told) -> String {
        let at = self.sources.iter().position(|known| *known == told.origin).unwrap_or(self.sources.len());
        if at == self.sources.len() {
            self.sources.push(told.origin.clone());
        }
        format!("{} [{}]", told.text, at + 1)
    }

    fn line(&mut self, name: &str, value: &str) {
        let line = format!("{name:<INDENT$} {value}");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }
}
