//! Sensor data (EPCIS 2.0 §7.3.7): metadata and reports, each a list of named values.

use crate::epcis::Decimal;
use crate::epcis::Element;
use crate::epcis::EventTime;
use crate::epcis::Term;
use crate::epcis::vocabulary::StandardVocabulary;

/// One `sensorElement`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorElement {
    /// `sensorMetadata`: what holds for every report.
    pub metadata: Option<SensorMetadata>,
    /// `sensorReport`s in order.
    pub reports: Vec<SensorReport>,
    /// What other namespaces add; elements in no namespace come from its `extension`.
    pub extensions: Vec<Element>,
}

/// `sensorMetadata`. Its extensions are attributes in XML and members in JSON.
#[derive(Clone, Debug, Default)]
pub struct SensorMetadata {
    /// Values in the order sent, each field once.
    pub values: Vec<(SensorField, SensorValue)>,
    /// What other namespaces add.
    pub extensions: Vec<Element>,
}

/// `sensorReport`. Its extensions are attributes in XML and members in JSON.
#[derive(Clone, Debug, Default)]
pub struct SensorReport {
    /// Values in the order sent, each field once.
    pub values: Vec<(SensorField, SensorValue)>,
    /// What other namespaces add.
    pub extensions: Vec<Element>,
}

/// One value of a sensor field.
#[derive(Clone, Debug, PartialEq)]
pub enum SensorValue {
    /// A URI or text.
    Text(Box<str>),
    /// A number.
    Decimal(Decimal),
    /// A time.
    Time(EventTime),
    /// `true` or `false`.
    Boolean(bool),
    /// A word of a vocabulary.
    Term(Term),
}

/// What kind of value a sensor field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A URI.
    Uri,
    /// Any text.
    Text,
    /// A number.
    Decimal,
    /// A time with its zone.
    Time,
    /// `true` or `false`.
    Boolean,
    /// Pairs of hexadecimal digits.
    HexBinary,
    /// A word of this vocabulary.
    Term(StandardVocabulary),
}

macro_rules! sensor_fields {
    ($($variant:ident $name:literal $kind:expr;)*) => {
        /// A field of `sensorMetadata` or `sensorReport`, in the order that the event hash takes (CBV 2.0 §8.9.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum SensorField {
            $(#[doc = concat!("`", $name, "`.")] $variant,)*
        }

        impl SensorField {
            /// Every field in order.
            pub const ALL: &[SensorField] = &[$(SensorField::$variant,)*];

            /// The standard's name.
            pub fn name(self) -> &'static str {
                match self { $(SensorField::$variant => $name,)* }
            }

            /// What kind of value it takes.
            pub fn kind(self) -> FieldKind {
                match self { $(SensorField::$variant => $kind,)* }
            }
        }
    };
}

sensor_fields! {
    Kind "type" FieldKind::Term(StandardVocabulary::MeasurementType);
    Exception "exception" FieldKind::Term(StandardVocabulary::SensorAlert);
    StartTime "startTime" FieldKind::Time;
    EndTime "endTime" FieldKind::Time;
    DeviceId "deviceID" FieldKind::Uri;
    DeviceMetadata "deviceMetadata" FieldKind::Uri;
    RawData "rawData" FieldKind::Uri;
    DataProcessingMethod "dataProcessingMethod" FieldKind::Uri;
    Time "time" FieldKind::Time;
    BizRules "bizRules" FieldKind::Uri;
    Microorganism "microorganism" FieldKind::Uri;
    ChemicalSubstance "chemicalSubstance" FieldKind::Uri;
    Value "value" FieldKind::Decimal;
    Component "component" FieldKind::Term(StandardVocabulary::Component);
    StringValue "stringValue" FieldKind::Text;
    BooleanValue "booleanValue" FieldKind::Boolean;
    HexBinaryValue "hexBinaryValue" FieldKind::HexBinary;
    UriValue "uriValue" FieldKind::Uri;
    MinValue "minValue" FieldKind::Decimal;
    MaxValue "maxValue" FieldKind::Decimal;
    MeanValue "meanValue" FieldKind::Decimal;
    SDev "sDev" FieldKind::Decimal;
    PercRank "percRank" FieldKind::Decimal;
    PercValue "percValue" FieldKind::Decimal;
    Uom "uom" FieldKind::Text;
    CoordinateReferenceSystem "coordinateReferenceSystem" FieldKind::Uri;
}

impl SensorField {
    /// The fields of `sensorMetadata`, in the order that the event hash takes.
    pub const METADATA: [SensorField; 8] = [
        SensorField::Time,
        SensorField::StartTime,
        SensorField::EndTime,
        SensorField::DeviceId,
        SensorField::DeviceMetadata,
        SensorField::RawData,
        SensorField::DataProcessingMethod,
        SensorField::BizRules,
    ];

    /// The field of this name.
    pub fn parse(name: &str) -> Option<SensorField> {
        SensorField::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// True where `sensorReport` may have it; `startTime` and `endTime` are of the metadata alone.
    pub fn in_report(self) -> bool {
        !matches!(self, SensorField::StartTime | SensorField::EndTime)
    }

    /// True where `sensorMetadata` may have it.
    pub fn in_metadata(self) -> bool {
        SensorField::METADATA.contains(&self)
    }
}

impl SensorMetadata {
    /// The value of a field.
    pub fn value(&self, field: SensorField) -> Option<&SensorValue> {
        find(&self.values, field)
    }
}

impl SensorReport {
    /// The value of a field.
    pub fn value(&self, field: SensorField) -> Option<&SensorValue> {
        find(&self.values, field)
    }
}

fn find(values: &[(SensorField, SensorValue)], field: SensorField) -> Option<&SensorValue> {
    values.iter().find(|(name, _)| *name == field).map(|(_, value)| value)
}

/// The order of attributes carries no meaning in XML, nor that of members in JSON.
fn same_values(a: &[(SensorField, SensorValue)], b: &[(SensorField, SensorValue)]) -> bool {
    a.len() == b.len() && a.iter().all(|(field, value)| find(b, *field) == Some(value))
}

impl PartialEq for SensorMetadata {
    fn eq(&self, other: &SensorMetadata) -> bool {
        same_values(&self.values, &other.values) && self.extensions == other.extensions
    }
}

impl PartialEq for SensorReport {
    fn eq(&self, other: &SensorReport) -> bool {
        same_values(&self.values, &other.values) && self.extensions == other.extensions
    }
}
