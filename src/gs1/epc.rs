//! Epc: the identifier of a thing, a class, a place or a party, as it was sent and as what it means.

use std::borrow::Cow;
use std::fmt;

use crate::gs1::CompanyPrefixes;
use crate::gs1::Flaw;
use crate::gs1::Gln;
use crate::gs1::Gtin;
use crate::gs1::Malformed;
use crate::gs1::Scheme;
use crate::gs1::Sscc;
use crate::gs1::digital_link;
use crate::gs1::digital_link::CANONICAL_HOST;
use crate::gs1::digital_link::Refusal;
use crate::gs1::percent;
use crate::gs1::reading::Reading;
use crate::gs1::urn;

/// An identifier in EPCIS: an EPC URN, a GS1 Digital Link, or a private URI (CBV 2.0, section 8).
///
/// It keeps its URI as sent and compares by what it identifies, its [`key`](Self::key), which is the same for
/// every spelling of one GS1 key.
#[derive(Clone)]
pub struct Epc {
    uri: Box<str>,
    scheme: Option<Scheme>,
}

impl Epc {
    /// Takes a URI as sent; never fails, as private URIs are allowed ([`fault`](Self::fault) tells what is wrong).
    pub fn parse(uri: &str) -> Self {
        let scheme = match urn::classify(uri) {
            Some((scheme, _)) => Some(scheme),
            None => digital_link::read(uri).ok().map(|reading| reading.scheme),
        };
        Self { uri: uri.into(), scheme }
    }

    /// Takes a URI as [`parse`](Self::parse) does and tells its [`fault`](Self::fault), in one reading.
    pub fn judge(uri: &str) -> (Self, Option<Malformed>) {
        let class = urn::classify(uri);
        let (scheme, flaw) = match read_class(uri, class) {
            Ok(Some(reading)) => (Some(reading.scheme), None),
            Ok(None) => (class.map(|(scheme, _)| scheme), None),
            Err(flaw) => (class.map(|(scheme, _)| scheme), Some(flaw)),
        };
        (Self { uri: uri.into(), scheme }, flaw.map(|flaw| Malformed::new(uri, flaw)))
    }

    /// Takes a URI that is known to be a sound one of this scheme.
    pub(super) fn of(uri: &str, scheme: Scheme) -> Self {
        Self { uri: uri.into(), scheme: Some(scheme) }
    }

    /// Shows the URI as sent.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Names the scheme: of a URN by its beginning, of a Digital Link if it is well formed; `None` for private URIs.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Tells what is wrong with it: the syntax of a known URN scheme or Digital Link, its lengths,
    /// characters and check digit. `None` for private URIs, of which only a URI scheme is asked.
    pub fn fault(&self) -> Option<Malformed> {
        read(&self.uri).err().map(|flaw| Malformed::new(&self.uri, flaw))
    }

    /// Appends the identity and tells the fault in one reading, for loops over many identifiers
    /// (see [`write_key`](Self::write_key) and [`fault`](Self::fault)).
    pub fn examine(&self, key: &mut String) -> Option<Malformed> {
        let reading = read(&self.uri);
        match &reading {
            Ok(Some(reading)) if reading.write_path(key) => {}
            _ => key.push_str(&self.uri),
        }
        reading.err().map(|flaw| Malformed::new(&self.uri, flaw))
    }

    /// Appends the identity: the canonical Digital Link path, such as `/01/04012345123456/21/12`. A scheme
    /// without Digital Link, a private and a malformed URI is its own identity, as sent.
    pub fn write_key(&self, out: &mut String) {
        if !self.reading().is_some_and(|reading| reading.write_path(out)) {
            out.push_str(&self.uri);
        }
    }

    /// Gives the identity (see [`write_key`](Self::write_key)).
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(self.uri.len());
        self.write_key(&mut key);
        key
    }

    /// Gives the identity of the class an instance or lot belongs to, such as `/01/04012345123456`, where
    /// its key has one.
    pub fn class_key(&self) -> Option<String> {
        let mut key = String::new();
        self.reading()?.write_class_path(&mut key).then_some(key)
    }

    /// Gives the trade item of an SGTIN, LGTIN, UPUI, ITIP or GTIN class.
    pub fn gtin(&self) -> Option<Gtin> {
        let reading = self.reading()?;
        let layout = reading.scheme.layout().filter(|layout| matches!(layout.key, "01" | "8006"))?;
        Gtin::read(reading.digits.as_str().get(..usize::from(layout.length))?).ok()
    }

    /// Gives the place or party of an SGLN or PGLN, without its extension.
    pub fn gln(&self) -> Option<Gln> {
        let reading = self.reading()?;
        matches!(reading.scheme, Scheme::Sgln | Scheme::Pgln)
            .then(|| Gln::read(reading.digits.as_str()).ok())?
    }

    /// Gives the logistic unit.
    pub fn sscc(&self) -> Option<Sscc> {
        let reading = self.reading()?;
        (reading.scheme == Scheme::Sscc).then(|| Sscc::read(reading.digits.as_str()).ok())?
    }

    /// Gives the serial number of an SGTIN, UPUI, ITIP, GRAI, GDTI, SGCN or CPI, decoded.
    pub fn serial(&self) -> Option<Cow<'_, str>> {
        let reading = self.reading()?;
        match reading.scheme {
            Scheme::Sgtin | Scheme::Upui | Scheme::Itip | Scheme::Cpi => Some(decode(reading.qualifier)),
            Scheme::Grai | Scheme::Gdti | Scheme::Sgcn => Some(decode(reading.tail)),
            _ => None,
        }
    }

    /// Gives the lot of an LGTIN or of the Digital Link of a lot, decoded.
    pub fn lot(&self) -> Option<Cow<'_, str>> {
        let reading = self.reading()?;
        matches!(reading.scheme, Scheme::Lgtin | Scheme::ItipLot).then(|| decode(reading.qualifier))
    }

    /// Gives the extension of an SGLN, decoded; the extension `0` is none.
    pub fn location_extension(&self) -> Option<Cow<'_, str>> {
        let reading = self.reading()?;
        (reading.scheme == Scheme::Sgln && !reading.qualifier.is_empty()).then(|| decode(reading.qualifier))
    }

    /// Gives the length of the company prefix: as the URN has it, or as the prefixes tell it of a Digital Link.
    pub fn company_prefix_length(&self, prefixes: &CompanyPrefixes) -> Option<u8> {
        prefix_length(&self.reading()?, prefixes)
    }

    /// Translates to the canonical Digital Link; fails for schemes without one and for malformed URIs.
    pub fn to_digital_link(&self) -> Result<String, Malformed> {
        let reading = self.sound_reading("Digital Link")?;
        let mut link = String::with_capacity(CANONICAL_HOST.len() + self.uri.len());
        link.push_str(CANONICAL_HOST);
        reading.write_path(&mut link);
        Ok(link)
    }

    /// Translates to the URN; fails for malformed URIs, for keys without a URN, and where nobody told the
    /// length of the company prefix, which is never guessed.
    pub fn to_urn(&self, prefixes: &CompanyPrefixes) -> Result<String, Malformed> {
        if matches!(self.scheme, Some(scheme) if scheme.layout().is_none()) {
            return self.fault().map_or_else(|| Ok(self.uri.to_string()), Err);
        }
        let malformed = |flaw| Malformed::new(&self.uri, flaw);
        let mut reading = self.sound_reading("URN")?;
        if self.scheme == Some(Scheme::UpuiClass) {
            reading.scheme = Scheme::UpuiClass;
        }
        let length = prefix_length(&reading, prefixes).ok_or_else(|| malformed(Flaw::UnknownPrefixLength))?;
        let mut urn = String::with_capacity(self.uri.len());
        urn::write(&reading, length, &mut urn).map_err(malformed)?;
        Ok(urn)
    }

    fn reading(&self) -> Option<Reading<'_>> {
        self.scheme?;
        read(&self.uri).ok()?
    }

    fn sound_reading(&self, form: &'static str) -> Result<Reading<'_>, Malformed> {
        self.reading()
            .ok_or_else(|| self.fault().unwrap_or_else(|| Malformed::new(&self.uri, Flaw::NoForm { form })))
    }
}

impl PartialEq for Epc {
    fn eq(&self, other: &Epc) -> bool {
        self.uri == other.uri
            || (self.scheme.is_some() && other.scheme.is_some() && self.key() == other.key())
    }
}

impl Eq for Epc {}

impl fmt::Display for Epc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.uri)
    }
}

impl fmt::Debug for Epc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Epc({})", self.uri)
    }
}

/// Looks the company prefix up behind the indicator or extension digit, or the leading zero of a GRAI.
fn prefix_length(reading: &Reading<'_>, prefixes: &CompanyPrefixes) -> Option<u8> {
    if reading.prefix_length > 0 {
        return Some(reading.prefix_length);
    }
    let body = reading.key_body();
    prefixes.length_of(&body)
}

/// Reads a sound identifier that has a Digital Link form; `None` for a sound one that has none.
fn read(uri: &str) -> Result<Option<Reading<'_>>, Flaw> {
    read_class(uri, urn::classify(uri))
}

/// Reads as [`read`] does what was classified as a URN or as none.
#[inline]
fn read_class<'a>(uri: &'a str, class: Option<(Scheme, &'a str)>) -> Result<Option<Reading<'a>>, Flaw> {
    if let Some((scheme, body)) = class {
        return match scheme.layout() {
            Some(_) => urn::read(scheme, body).map(Some),
            None => urn::check_other(scheme, body).map(|()| None),
        };
    }
    if let Some(name) = uri.strip_prefix("urn:epc:") {
        return match name {
            _ if name.starts_with("raw:") => Ok(None),
            _ if name.starts_with("tag:") => Err(Flaw::TagUri),
            _ => Err(Flaw::UnknownScheme),
        };
    }
    match digital_link::read(uri) {
        Ok(reading) => Ok(Some(reading)),
        Err(Refusal::Broken(flaw)) => Err(flaw),
        Err(Refusal::Other) if is_absolute(uri) => Ok(None),
        Err(Refusal::Other) => Err(Flaw::NotAbsolute),
    }
}

/// Tells whether a text is a URI with a scheme and something behind it (RFC 3986, section 3).
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') { Cow::Owned(percent::unescape(text)) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, key: &str, class: Option<&str>) {
        let epc = Epc::parse(uri);
        assert_eq!(epc.fault(), None, "{uri}");
        assert_eq!((epc.as_str(), epc.key().as_str(), epc.class_key().as_deref()), (uri, key, class));
        let (judged, fault) = Epc::judge(uri);
        assert_eq!((judged.as_str(), judged.scheme(), fault), (uri, epc.scheme(), None));
        let mut examined = String::new();
        assert_eq!((epc.examine(&mut examined), examined.as_str()), (None, key));
    }

    #[test]
    fn one_key_has_one_identity() {
        let (item, class) = ("/01/00614141123452/21/A%281%29", Some("/01/00614141123452"));
        for uri in [
            "urn:epc:id:sgtin:0614141.012345.A(1)",
            "urn:epc:id:sgtin:06141411.02345.A(1)",
            "https://id.gs1.org/01/00614141123452/21/A%281%29",
            "https://id.gs1.org/01/00614141123452/10/L/21/A(1)",
            "HTTPS://example.com/a/b/gtin/614141123452/cpv/2/ser/A%28%31%29?17=261231#top",
            "https://id.gs1.org?21=A(1)&01=0614141123452",
        ] {
            check(uri, item, class);
        }
    }

    #[test]
    fn every_scheme_has_its_key() {
        for (urn, key, class) in [
            ("urn:epc:id:sscc:4012345.0000000333", "/00/040123450000003338", None),
            ("urn:epc:id:sgln:4012345.00011.987", "/414/4012345000115/254/987", None),
            ("urn:epc:id:sgln:401234500001..0", "/414/4012345000016", None),
            ("urn:epc:id:pgln:4012345.00225", "/417/4012345002256", None),
            ("urn:epc:id:grai:4012345.66666.87", "/8003/0401234566666387", Some("/8003/04012345666663")),
            ("urn:epc:id:giai:4012345.A/1", "/8004/4012345A%2F1", None),
            ("urn:epc:id:gsrn:4012345.9876540000", "/8018/401234598765400000", None),
            ("urn:epc:id:gsrnp:4012345.0000098765", "/8017/401234500000987658", None),
            ("urn:epc:id:gdti:4012345.55555.98", "/253/401234555555498", Some("/253/4012345555554")),
            ("urn:epc:id:sgcn:4012345.99999.44", "/255/401234599999044", Some("/255/4012345999990")),
            ("urn:epc:id:gsin:4012345.999987654", "/402/40123459999876541", None),
            ("urn:epc:id:ginc:4012345.AB-1", "/401/4012345AB-1", None),
            ("urn:epc:id:cpi:4012345.P%2F1.7", "/8010/4012345P%2F1/8011/7", Some("/8010/4012345P%2F1")),
            (
                "urn:epc:id:itip:4012345.012345.01.02.9",
                "/8006/040123451234560102/21/9",
                Some("/8006/040123451234560102"),
            ),
            ("urn:epc:id:upui:4012345.012345.9", "/01/04012345123456/235/9", Some("/01/04012345123456")),
            ("urn:epc:class:lgtin:4054739.099914.L1", "/01/04054739999148/10/L1", Some("/01/04054739999148")),
            ("urn:epc:idpat:sgtin:4012345.012345.*", "/01/04012345123456", Some("/01/04012345123456")),
            (
                "urn:epc:idpat:itip:4012345.012345.01.02.*",
                "/8006/040123451234560102",
                Some("/8006/040123451234560102"),
            ),
            ("urn:epc:idpat:cpi:4012345.P1.*", "/8010/4012345P1", Some("/8010/4012345P1")),
        ] {
            check(urn, key, class);
            let epc = Epc::parse(urn);
            assert_eq!(
                epc.to_urn(&CompanyPrefixes::builtin()).as_deref(),
                Ok(urn.replace("A/1", "A%2F1").as_str())
            );
            let link = epc.to_digital_link().unwrap();
            let scheme = Epc::parse(&link).scheme();
            assert_eq!((link, scheme), (format!("https://id.gs1.org{key}"), epc.scheme()));
        }
    }

    #[test]
    fn what_has_no_digital_link_is_itself() {
        for uri in [
            "urn:epc:id:gid:95100000.12345.400",
            "urn:epc:id:usdod:2S194.12345678901",
            "urn:epc:id:adi:2S194..%23123",
            "urn:epc:id:bic:CSQU3054383",
            "urn:epc:id:imovn:9176187",
            "urn:epc:idpat:sgtin:4012345.*.*",
            "urn:uuid:b1080b06-e9cc-11e6-bf0e-fe55135034f3",
            "urn:jaif:id:obj:37SUN321456A111222",
            "https://example.com/01/1234",
            "https://example.com/errors/401/detail",
        ] {
            check(uri, uri, None);
            assert!(Epc::parse(uri).to_digital_link().is_err(), "{uri}");
        }
    }

    #[test]
    fn faults_are_told() {
        use Flaw::*;
        for (uri, flaw) in [
            ("", NotAbsolute),
            ("not a uri: at all", NotAbsolute),
            ("/01/04012345123456", NotAbsolute),
            ("urn:epc:id:sgtn:4012345.012345.1", UnknownScheme),
            ("urn:epc:tag:sgtin-96:3.4012345.012345.1", TagUri),
            ("urn:epc:id:sgtin:4012345.012345", Parts { form: "urn:epc:id:sgtin:PREFIX.ITEM.SERIAL" }),
            ("urn:epc:id:sgtin:40123.01234567.1", CompanyPrefix),
            ("urn:epc:id:sgtin:4012345.01234.1", KeyLength { found: 12, needed: 13 }),
            ("urn:epc:id:sgtin:4012345.01234x.1", NotDigits),
            ("urn:epc:id:sgtin:4012345.012345.", TextLength { found: 0, least: 1, most: 20 }),
            (
                "urn:epc:id:sgtin:4012345.012345.123456789012345678901",
                TextLength { found: 21, least: 1, most: 20 },
            ),
            ("urn:epc:id:sgtin:4012345.012345.a b", Character),
            ("urn:epc:id:itip:4012345.012345.1.02.9", Piece),
            ("https://id.gs1.org/01/04012345123457", CheckDigit { expected: '6' }),
            ("https://example.com/x/01/04012345123457/21/1", CheckDigit { expected: '6' }),
            ("https://id.gs1.org/products/7", NoKey),
            ("https://id.gs1.org/01/04012345123456/8011/7", Qualifier),
            ("https://id.gs1.org/01/04012345123456?21=7", QualifierInQuery),
        ] {
            let fault = Epc::parse(uri).fault().unwrap();
            let (judged, told) = Epc::judge(uri);
            assert_eq!((judged.scheme(), told.as_ref()), (Epc::parse(uri).scheme(), Some(&fault)));
            assert_eq!((fault.flaw(), fault.value()), (flaw, uri));
            assert_eq!(Epc::parse(uri).key(), uri);
            let mut key = String::new();
            assert_eq!((Epc::parse(uri).examine(&mut key), key.as_str()), (Some(fault), uri));
        }
    }

    #[test]
    fn the_prefix_length_is_never_guessed() {
        let unknown = Epc::parse("https://id.gs1.org/00/004789012345678903");
        let prefixes = CompanyPrefixes::builtin();
        assert_eq!(unknown.to_urn(&prefixes).unwrap_err().flaw(), Flaw::UnknownPrefixLength);
        let prefixes = prefixes.with_override("0478901", 7).unwrap();
        assert_eq!(unknown.to_urn(&prefixes).unwrap(), "urn:epc:id:sscc:0478901.0234567890");
    }

    #[test]
    fn parts_are_decoded() {
        let item = Epc::parse("urn:epc:id:sgtin:0614141.012345.A%2FB");
        assert_eq!(item.serial().as_deref(), Some("A/B"));
        assert_eq!(item.gtin(), Gtin::parse("00614141123452").ok());
        assert_eq!((item.lot(), item.gln(), item.sscc()), (None, None, None));
        let lot = Epc::parse("https://id.gs1.org/01/00614141123452/10/L%2B1");
        assert_eq!((lot.lot().as_deref(), lot.serial()), (Some("L+1"), None));
        let place = Epc::parse("urn:epc:id:sgln:4012345.00011.987");
        assert_eq!(place.gln(), Gln::parse("4012345000115").ok());
        assert_eq!(place.location_extension().as_deref(), Some("987"));
        let pallet = Epc::parse("urn:epc:id:sscc:4012345.0000000333");
        assert_eq!(pallet.sscc(), Sscc::parse("040123450000003338").ok());
    }
}
