//! One thing that is wrong with a delivery: what kind it is, what is asked for and what is answered.

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::Difference;
use crate::dscsa::Goods;
use crate::dscsa::Observation;
use crate::dscsa::exception::words::worded;

worded! {
    /// The five groups of HDA's Exceptions Handling Guidelines (2023).
    Group {
        /// The data are there and wrong.
        DataIssue = "Data Issue",
        /// Goods came, their data did not.
        ProductNoData = "Product No Data",
        /// Data came, their goods did not.
        DataNoProduct = "Data No Product",
        /// A package or label is wrong.
        PackagingAndLabeling = "Packaging and Labeling",
        /// Goods that may not be passed on.
        UnavailableForDistribution = "Unavailable for Distribution",
    }
}

impl Group {
    /// True where goods have to move or be looked at; false where new data mend it.
    pub fn is_about_product(self) -> bool {
        !matches!(self, Group::DataIssue | Group::ProductNoData)
    }

    /// Reads a group in any case, with `-` or spaces between the words.
    pub fn parse_loosely(word: &str) -> Option<Group> {
        let word = word.replace('-', " ");
        Group::ALL.iter().copied().find(|group| group.as_str().eq_ignore_ascii_case(&word))
    }
}

worded! {
    /// The kinds of items that PDG's exception schemas know, and all others.
    ItemKind {
        /// Goods without data.
        MissingProductData = "missing-product-data",
        /// Data without goods.
        MissingProduct = "missing-product",
        /// Label and data differ.
        DataMisalignment = "data-misalignment",
        /// More than ordered.
        Overage = "overage",
        /// Fewer than ordered.
        Underage = "underage",
        /// A GLN that is wrong.
        GlnError = "gln-error",
        /// A GTIN that is wrong.
        GtinError = "gtin-error",
        /// Anything else, said in words.
        Other = "other",
    }
}

impl ItemKind {
    /// HDA's group of items of this kind, where nothing else is known.
    pub fn group(self) -> Group {
        match self {
            ItemKind::MissingProductData | ItemKind::Overage => Group::ProductNoData,
            ItemKind::MissingProduct | ItemKind::Underage => Group::DataNoProduct,
            ItemKind::DataMisalignment | ItemKind::GlnError | ItemKind::GtinError | ItemKind::Other => {
                Group::DataIssue
            }
        }
    }

    /// What is asked for where nobody chose.
    pub fn usual_request(self) -> Resolution {
        match self {
            ItemKind::MissingProduct | ItemKind::Underage => Resolution::SendProduct,
            _ => Resolution::SendNewData,
        }
    }
}

worded! {
    /// What one side asks of the other (PDG exception schemas, `Resolution`).
    Resolution {
        /// The sender sends corrected data.
        SendNewData = "Send new data",
        /// The sender sends the goods.
        SendProduct = "Send product",
        /// The receiver returns goods.
        ReturnProduct = "Return product",
        /// The sender takes goods back.
        SendBackProduct = "Send back product",
        /// The receiver is credited.
        CreditAccount = "Credit account",
        /// The receiver is charged.
        DebitAccount = "Debit account",
    }
}

impl Resolution {
    /// Reads a resolution in any case, with `-` or spaces between the words.
    pub fn parse_loosely(word: &str) -> Option<Resolution> {
        let word = word.replace('-', " ");
        Resolution::ALL.iter().copied().find(|resolution| resolution.as_str().eq_ignore_ascii_case(&word))
    }
}

worded! {
    /// How the other side wants to be reached (PDG exception schemas, `FollowUpMethod`).
    FollowUp {
        /// By e-mail.
        Email = "Email",
        /// By telephone.
        Phone = "Phone",
    }
}

/// The answer to one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// True where what was asked for is accepted.
    pub accepted: bool,
    /// What the other side says about it.
    pub comments: Option<String>,
    /// What it offers instead.
    pub alternative: Option<Resolution>,
    /// How it is to be reached.
    pub follow_up: Option<FollowUp>,
    /// Where it is to be reached.
    pub follow_up_details: Option<String>,
}

/// How an item came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// When.
    pub at: DateTime<Utc>,
    /// The document that corrects it, if one does.
    pub document: Option<i64>,
    /// The `eventID` of the corrective event, if an error declaration names one.
    pub event: Option<String>,
    /// Why, one sentence without a full stop.
    pub why: String,
}

/// What is wrong, apart from what happens about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Of which kind it is.
    pub kind: ItemKind,
    /// HDA's group.
    pub group: Group,
    /// The goods concerned, as their label says.
    pub goods: Goods,
    /// The same as the data say, where that differs.
    pub data: Goods,
    /// Units ordered or advised.
    pub ordered: Option<u64>,
    /// Units received.
    pub received: Option<u64>,
    /// How goods without data were observed.
    pub source: Observation,
    /// The identifier of the file that has the data.
    pub file: String,
    /// The wrong GLN or GTIN.
    pub wrong: String,
    /// What it should be.
    pub proposed: Option<String>,
    /// What is wrong, one sentence without a full stop.
    pub what: String,
}

impl Trouble {
    /// Trouble of this kind in words.
    pub fn new(kind: ItemKind, what: impl Into<String>) -> Trouble {
        Trouble {
            kind,
            group: kind.group(),
            goods: Goods::default(),
            data: Goods::default(),
            ordered: None,
            received: None,
            source: Observation::default(),
            file: String::new(),
            wrong: String::new(),
            proposed: None,
            what: what.into(),
        }
    }

    /// The trouble that a difference is; `file` is the identifier of the file with the data, empty where none came.
    pub fn of(difference: &Difference, file: &str) -> Trouble {
        let mut trouble = match difference {
            Difference::Short(goods) => {
                let what = format!("the data list {goods}, but it did not arrive");
                Trouble { data: goods.clone(), ..Trouble::about(ItemKind::MissingProduct, goods, what) }
            }
            Difference::Over(goods) => {
                let what = format!("{goods} arrived, but the data of this delivery do not list it");
                Trouble::about(ItemKind::MissingProductData, goods, what)
            }
            Difference::MissingData(goods, source) => {
                let what = format!("{goods} arrived, but no data came for it");
                Trouble { source: *source, ..Trouble::about(ItemKind::MissingProductData, goods, what) }
            }
            Difference::Misaligned { data, label } => {
                let what = format!("the label says {label}, the data say {data}");
                Trouble { data: data.clone(), ..Trouble::about(ItemKind::DataMisalignment, label, what) }
            }
            Difference::Quantity { gtin, ordered, received } => quantity(gtin, *ordered, *received),
            Difference::Unavailable { goods, why } => {
                let what = format!("{goods} may not be passed on: {why}");
                let about = Trouble::about(ItemKind::Other, goods, what);
                Trouble { group: Group::UnavailableForDistribution, ..about }
            }
            Difference::Packaging { goods, why } => {
                let what = format!("the package or label of {goods} is wrong: {why}");
                Trouble { group: Group::PackagingAndLabeling, ..Trouble::about(ItemKind::Other, goods, what) }
            }
            Difference::WrongPlace { gln, proposed } => wrong(ItemKind::GlnError, gln, proposed.as_deref()),
            Difference::WrongProduct { gtin, proposed } => {
                wrong(ItemKind::GtinError, gtin, proposed.as_deref())
            }
        };
        trouble.file = file.to_owned();
        trouble
    }

    /// Trouble of this kind with goods.
    fn about(kind: ItemKind, goods: &Goods, what: String) -> Trouble {
        Trouble { goods: goods.clone(), ..Trouble::new(kind, what) }
    }

    /// The wrong GLN or GTIN, and what it should be.
    pub fn with_wrong(mut self, wrong: &str, proposed: Option<&str>) -> Trouble {
        self.wrong = wrong.to_owned();
        self.proposed = proposed.map(str::to_owned);
        self
    }
}

fn quantity(gtin: &str, ordered: u64, received: u64) -> Trouble {
    let kind = if received > ordered { ItemKind::Overage } else { ItemKind::Underage };
    let what = format!("{ordered} of GTIN {gtin} were ordered or advised, {received} arrived");
    let goods = Goods { gtin: gtin.to_owned(), ..Goods::default() };
    Trouble { ordered: Some(ordered), received: Some(received), ..Trouble::about(kind, &goods, what) }
}

fn wrong(kind: ItemKind, sent: &str, proposed: Option<&str>) -> Trouble {
    let name = if kind == ItemKind::GlnError { "GLN" } else { "GTIN" };
    let instead = proposed.map(|proposed| format!("; it should be {proposed}")).unwrap_or_default();
    Trouble::new(kind, format!("the {name} {sent} is not known or wrong{instead}")).with_wrong(sent, proposed)
}

/// An item of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseItem {
    /// `exception_item_uuid`, the same on both sides.
    pub id: String,
    /// What is wrong.
    pub trouble: Trouble,
    /// The finding it was made of, by its identifier.
    pub finding: Option<String>,
    /// What is asked for.
    pub request: Resolution,
    /// What was answered.
    pub answer: Option<Answer>,
    /// How it ended; `None` while it is open.
    pub settled: Option<Settlement>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(difference: Difference, kind: ItemKind, group: Group, what: &str) {
        let trouble = Trouble::of(&difference, "F1");
        assert_eq!((trouble.kind, trouble.group, trouble.what.as_str()), (kind, group, what));
        assert_eq!(trouble.file, "F1");
    }

    #[test]
    fn every_difference_has_its_kind_and_group() {
        let unit = || Goods::unit("00300010123455", "7");
        check(
            Difference::Short(unit()),
            ItemKind::MissingProduct,
            Group::DataNoProduct,
            "the data list GTIN 00300010123455, serial 7, but it did not arrive",
        );
        check(
            Difference::Over(unit()),
            ItemKind::MissingProductData,
            Group::ProductNoData,
            "GTIN 00300010123455, serial 7 arrived, but the data of this delivery do not list it",
        );
        check(
            Difference::Quantity { gtin: "1".to_owned(), ordered: 10, received: 12 },
            ItemKind::Overage,
            Group::ProductNoData,
            "10 of GTIN 1 were ordered or advised, 12 arrived",
        );
        check(
            Difference::Quantity { gtin: "1".to_owned(), ordered: 10, received: 8 },
            ItemKind::Underage,
            Group::DataNoProduct,
            "10 of GTIN 1 were ordered or advised, 8 arrived",
        );
        check(
            Difference::Unavailable { goods: unit(), why: "it is recalled".to_owned() },
            ItemKind::Other,
            Group::UnavailableForDistribution,
            "GTIN 00300010123455, serial 7 may not be passed on: it is recalled",
        );
        check(
            Difference::WrongPlace { gln: "1".to_owned(), proposed: Some("2".to_owned()) },
            ItemKind::GlnError,
            Group::DataIssue,
            "the GLN 1 is not known or wrong; it should be 2",
        );
    }

    #[test]
    fn words_are_read_back() {
        assert_eq!(Group::parse_loosely("data-no-product"), Some(Group::DataNoProduct));
        assert_eq!(Resolution::parse_loosely("credit account"), Some(Resolution::CreditAccount));
        assert_eq!(Resolution::parse("credit account"), None);
    }
}
