//! Product: what is known of a trade item, and who says so.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use chrono::Utc;

use crate::dscsa::Ndc;
use crate::gs1::Gtin;

/// The packaging level of a trade item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackLevel {
    /// The saleable unit: the package of the law.
    Unit,
    /// A bundle between unit and case.
    Inner,
    /// A case.
    Case,
    /// A pallet.
    Pallet,
}

impl PackLevel {
    /// `unit`, `inner`, `case` or `pallet`.
    pub fn as_str(self) -> &'static str {
        match self {
            PackLevel::Unit => "unit",
            PackLevel::Inner => "inner",
            PackLevel::Case => "case",
            PackLevel::Pallet => "pallet",
        }
    }

    /// Reads our own words and those of catalogues: GDSN's and the units of X12. `None` for any other.
    pub fn parse(word: &str) -> Option<PackLevel> {
        match word.trim().to_ascii_lowercase().replace([' ', '-'], "_").as_str() {
            "unit" | "each" | "ea" | "base_unit_or_each" | "saleable_unit" => Some(PackLevel::Unit),
            "inner" | "bundle" | "pack" | "pk" | "pack_or_inner_pack" => Some(PackLevel::Inner),
            "case" | "ca" | "cs" => Some(PackLevel::Case),
            "pallet" | "pl" => Some(PackLevel::Pallet),
            _ => None,
        }
    }
}

/// What can be said of a product, besides its GTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductField {
    /// National Drug Code.
    Ndc,
    /// Proprietary (brand) name.
    ProprietaryName,
    /// Established (generic) name.
    EstablishedName,
    /// Manufacturer, by name.
    Manufacturer,
    /// Dosage form.
    DosageForm,
    /// Strength.
    Strength,
    /// Container size of the saleable unit.
    ContainerSize,
    /// Packaging level.
    Level,
    /// Saleable units in one of it.
    UnitsPerCase,
    /// GTIN of the saleable unit in it.
    UnitGtin,
}

impl ProductField {
    /// All of them, in the order in which they are shown.
    pub const ALL: [ProductField; 10] = [
        ProductField::Ndc,
        ProductField::ProprietaryName,
        ProductField::EstablishedName,
        ProductField::Manufacturer,
        ProductField::DosageForm,
        ProductField::Strength,
        ProductField::ContainerSize,
        ProductField::Level,
        ProductField::UnitsPerCase,
        ProductField::UnitGtin,
    ];

    /// Its name in catalogues, JSON and CSV, such as `proprietary_name`.
    pub fn as_str(self) -> &'static str {
        match self {
            ProductField::Ndc => "ndc",
            ProductField::ProprietaryName => "proprietary_name",
            ProductField::EstablishedName => "established_name",
            ProductField::Manufacturer => "manufacturer",
            ProductField::DosageForm => "dosage_form",
            ProductField::Strength => "strength",
            ProductField::ContainerSize => "container_size",
            ProductField::Level => "level",
            ProductField::UnitsPerCase => "units_per_case",
            ProductField::UnitGtin => "unit_gtin",
        }
    }

    /// True for what holds of every packaging level of one product. Container size is said of the saleable unit, also by
    /// the entry of a case (GS1 US guideline, master data).
    pub fn holds_at_every_level(self) -> bool {
        !matches!(self, ProductField::Level | ProductField::UnitsPerCase | ProductField::UnitGtin)
    }
}

/// What one source says of a trade item, or what all say together; what nobody said is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Product {
    /// The trade item at its packaging level.
    pub gtin: Option<Gtin>,
    /// National Drug Code.
    pub ndc: Option<Ndc>,
    /// Proprietary (brand) name.
    pub proprietary_name: Option<Box<str>>,
    /// Established (generic) name.
    pub established_name: Option<Box<str>>,
    /// Manufacturer, by name.
    pub manufacturer: Option<Box<str>>,
    /// Dosage form, such as `TABLET`.
    pub dosage_form: Option<Box<str>>,
    /// Strength, such as `10 mg`.
    pub strength: Option<Box<str>>,
    /// Container size of the saleable unit, such as `30 tablets`.
    pub container_size: Option<Box<str>>,
    /// Packaging level.
    pub level: Option<PackLevel>,
    /// Saleable units in one of it.
    pub units_per_case: Option<u32>,
    /// GTIN of the saleable unit in it.
    pub unit_gtin: Option<Gtin>,
}

impl Product {
    /// What is said of this, as text.
    pub fn value(&self, field: ProductField) -> Option<Cow<'_, str>> {
        match field {
            ProductField::Ndc => self.ndc.map(|ndc| Cow::from(ndc.to_string())),
            ProductField::Level => self.level.map(|level| Cow::from(level.as_str())),
            ProductField::UnitsPerCase => self.units_per_case.map(|count| Cow::from(count.to_string())),
            ProductField::UnitGtin => self.unit_gtin.map(|gtin| Cow::from(gtin.to_string())),
            ProductField::ProprietaryName => self.proprietary_name.as_deref().map(Cow::from),
            ProductField::EstablishedName => self.established_name.as_deref().map(Cow::from),
            ProductField::Manufacturer => self.manufacturer.as_deref().map(Cow::from),
            ProductField::DosageForm => self.dosage_form.as_deref().map(Cow::from),
            ProductField::Strength => self.strength.as_deref().map(Cow::from),
            ProductField::ContainerSize => self.container_size.as_deref().map(Cow::from),
        }
    }

    /// True where nothing is said of it.
    pub fn is_empty(&self) -> bool {
        ProductField::ALL.into_iter().all(|field| self.value(field).is_none())
    }

    /// Takes over what is missing here, and says whether it did. An NDC whose format is not known is taken over from who
    /// knows it.
    fn fill(&mut self, field: ProductField, from: &Product) -> bool {
        match field {
            ProductField::Ndc => match (self.ndc, from.ndc) {
                (Some(ours), Some(theirs)) if ours.format().is_none() && theirs.format().is_some() => {
                    let same = ours == theirs;
                    self.ndc = if same { Some(theirs) } else { Some(ours) };
                    same
                }
                _ => take(&mut self.ndc, from.ndc.as_ref()),
            },
            ProductField::ProprietaryName => take(&mut self.proprietary_name, from.proprietary_name.as_ref()),
            ProductField::EstablishedName => take(&mut self.established_name, from.established_name.as_ref()),
            ProductField::Manufacturer => take(&mut self.manufacturer, from.manufacturer.as_ref()),
            ProductField::DosageForm => take(&mut self.dosage_form, from.dosage_form.as_ref()),
            ProductField::Strength => take(&mut self.strength, from.strength.as_ref()),
            ProductField::ContainerSize => take(&mut self.container_size, from.container_size.as_ref()),
            ProductField::Level => take(&mut self.level, from.level.as_ref()),
            ProductField::UnitsPerCase => take(&mut self.units_per_case, from.units_per_case.as_ref()),
            ProductField::UnitGtin => take(&mut self.unit_gtin, from.unit_gtin.as_ref()),
        }
    }
}

fn take<T: Clone>(into: &mut Option<T>, from: Option<&T>) -> bool {
    if into.is_some() {
        return false;
    }
    *into = from.cloned();
    into.is_some()
}

/// Who says something of a product; what comes first stands over what follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProductSource {
    /// The operator's own catalogue.
    Operator,
    /// The catalogue of a partner, by GLN-13.
    Partner(Box<str>),
    /// Master data in the header of a captured document.
    Document {
        /// The document.
        document: i64,
        /// GLN-13 of its sender, or as sent; empty where it names none.
        sender: Box<str>,
    },
    /// The FDA's NDC directory.
    FdaDirectory,
}

impl ProductSource {
    /// `operator`, `partner:GLN`, `document:ID` or `fda-ndc`.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            ProductSource::Operator => Cow::from("operator"),
            ProductSource::Partner(gln) => Cow::from(format!("partner:{gln}")),
            ProductSource::Document { document, .. } => Cow::from(format!("document:{document}")),
            ProductSource::FdaDirectory => Cow::from("fda-ndc"),
        }
    }

    /// Reads what [`name`](Self::name) writes, with the sender of a document; `None` for any other word.
    pub fn parse(name: &str, sender: &str) -> Option<ProductSource> {
        match name.split_once(':') {
            None if name == "operator" => Some(ProductSource::Operator),
            None if name == "fda-ndc" => Some(ProductSource::FdaDirectory),
            Some(("partner", gln)) => Some(ProductSource::Partner(gln.into())),
            Some(("document", id)) => {
                Some(ProductSource::Document { document: id.parse().ok()?, sender: sender.into() })
            }
            _ => None,
        }
    }

    /// Its place in the order of precedence, from 0.
    pub fn rank(&self) -> u8 {
        match self {
            ProductSource::Operator => 0,
            ProductSource::Partner(_) => 1,
            ProductSource::Document { .. } => 2,
            ProductSource::FdaDirectory => 3,
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who says it.
    pub source: ProductSource,
    /// The file's name, or the path in the document.
    pub place: Box<str>,
    /// The line of the file from 1; 0 where it has none.
    pub line: u64,
    /// When it was first said so.
    pub at: DateTime<Utc>,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            ProductSource::Operator => f.write_str("the operator's catalogue")?,
            ProductSource::Partner(gln) => write!(f, "the catalogue of partner {gln}")?,
            ProductSource::Document { document, sender } if sender.is_empty() => {
                write!(f, "document {document}")?
            }
            ProductSource::Document { document, sender } => write!(f, "document {document} from {sender}")?,
            ProductSource::FdaDirectory => f.write_str("the FDA's NDC directory")?,
        }
        write!(f, ", {}", self.place)?;
        if self.line > 0 {
            write!(f, " line {}", self.line)?;
        }
        write!(f, ", {}", self.at.format("%Y-%m-%d"))
    }
}

/// What one source says of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductStatement {
    /// What it says.
    pub product: Product,
    /// Who says it, and where.
    pub provenance: Provenance,
}

/// A product as all sources together know it: each value from the source that comes first in precedence and has it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownProduct {
    /// The values.
    pub product: Product,
    /// Every NDC that it may have, where its digits leave several and nobody tells: the FDA's NDC directory is needed.
    pub possible_ndcs: Vec<Ndc>,
    /// What each source says: of this very trade item first, then of its saleable unit; both by precedence.
    pub statements: Vec<ProductStatement>,
    origins: Vec<(ProductField, usize)>,
}

impl KnownProduct {
    /// Brings together what sources say of this trade item (`own`) and of its saleable unit (`unit`), of which only what holds
    /// at every level is taken. Both come in the order of precedence.
    pub fn merge(
        gtin: Option<Gtin>,
        own: Vec<ProductStatement>,
        unit: Vec<ProductStatement>,
    ) -> KnownProduct {
        let mut product = Product { gtin, ..Product::default() };
        let mut origins = Vec::new();
        let own_count = own.len();
        let statements: Vec<ProductStatement> = own.into_iter().chain(unit).collect();
        for (at, statement) in statements.iter().enumerate() {
            for field in ProductField::ALL {
                let told = at < own_count || field.holds_at_every_level();
                if told && product.fill(field, &statement.product) {
                    origins.retain(|(known, _)| *known != field);
                    origins.push((field, at));
                }
            }
        }
        product.ndc = product.ndc.map(|ndc| gtin.map_or(ndc, |gtin| ndc.resolved_by(gtin)));
        KnownProduct { product, possible_ndcs: Vec::new(), statements, origins }
    }

    /// Where a value comes from; `None` where nobody has it.
    pub fn origin(&self, field: ProductField) -> Option<&Provenance> {
        let (_, at) = self.origins.iter().find(|(known, _)| *known == field)?;
        self.statements.get(*at).map(|statement| &statement.provenance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(source: ProductSource, product: Product) -> ProductStatement {
        let at = DateTime::from_timestamp_micros(1_790_000_000_000_000).unwrap();
        ProductStatement { product, provenance: Provenance { source, place: "file.csv".into(), line: 7, at } }
    }

    fn gtin(digits: &str) -> Option<Gtin> {
        Gtin::parse(digits).ok()
    }

    #[test]
    fn the_first_source_that_has_a_value_tells_it() {
        let ours = Product { strength: Some("10 mg".into()), ..Product::default() };
        let fda = Product {
            strength: Some("10 mg/1".into()),
            dosage_form: Some("TABLET".into()),
            ..Product::default()
        };
        let own = vec![says(ProductSource::Operator, ours), says(ProductSource::FdaDirectory, fda)];
        let known = KnownProduct::merge(gtin("00352999101306"), own, vec![]);
        assert_eq!(known.product.value(ProductField::Strength).as_deref(), Some("10 mg"));
        assert_eq!(known.product.value(ProductField::DosageForm).as_deref(), Some("TABLET"));
        let source = |field| known.origin(field).map(|origin| origin.source.clone());
        assert_eq!(source(ProductField::Strength), Some(ProductSource::Operator));
        assert_eq!(source(ProductField::DosageForm), Some(ProductSource::FdaDirectory));
        assert_eq!(source(ProductField::Ndc), None);
    }

    #[test]
    fn the_unit_tells_a_case_what_holds_at_every_level() {
        let unit = Product {
            container_size: Some("30 tablets".into()),
            level: Some(PackLevel::Unit),
            ..Product::default()
        };
        let case = Product { units_per_case: Some(12), ..Product::default() };
        let known = KnownProduct::merge(
            gtin("10300010123452"),
            vec![says(ProductSource::Operator, case)],
            vec![says(ProductSource::Operator, unit)],
        );
        assert_eq!(known.product.container_size.as_deref(), Some("30 tablets"));
        assert_eq!((known.product.level, known.product.units_per_case), (None, Some(12)));
    }

    #[test]
    fn who_knows_the_format_of_an_ndc_tells_it() {
        let ndc = |text: &str| Product { ndc: Ndc::parse(text).ok(), ..Product::default() };
        let check = |directory: &str, expected: Option<&str>, source: ProductSource| {
            let own = vec![
                says(ProductSource::Operator, ndc("00001-0123-45")),
                says(ProductSource::FdaDirectory, ndc(directory)),
            ];
            let known = KnownProduct::merge(None, own, vec![]);
            assert_eq!(known.product.ndc.and_then(|ndc| ndc.fda()).as_deref(), expected);
            assert_eq!(known.origin(ProductField::Ndc).map(|origin| &origin.source), Some(&source));
        };
        check("0001-0123-45", Some("0001-0123-45"), ProductSource::FdaDirectory);
        check("0001-0123-46", None, ProductSource::Operator);
    }

    #[test]
    fn sources_and_levels_have_names() {
        let document = ProductSource::Document { document: 7, sender: "0300011111116".into() };
        for source in [
            ProductSource::Operator,
            ProductSource::Partner("0300011111116".into()),
            document,
            ProductSource::FdaDirectory,
        ] {
            assert_eq!(ProductSource::parse(&source.name(), "0300011111116"), Some(source));
        }
        assert_eq!(ProductSource::parse("document:x", ""), None);
        assert_eq!(PackLevel::parse("Base Unit or Each"), Some(PackLevel::Unit));
        assert_eq!(PackLevel::parse("crate"), None);
    }
}
