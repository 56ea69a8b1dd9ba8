//! MIME entities (RFC 2045, RFC 2046) as AS2 needs them: header fields, content types, the two parts of `multipart/signed`,
//! encodings. Bytes that are signed are never written anew.

use std::ops::Range;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use memchr::memmem;

/// Bytes that the header of an entity may have.
const MOST_HEADER_BYTES: usize = 64 << 10;

/// Fields that it may have.
const MOST_FIELDS: usize = 200;

/// Reads base64 whether or not its end is padded.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is no MIME entity that is read here, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadMime(pub(super) &'static str);

/// Header fields in their order, unfolded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// What `Content-Type` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentType {
    /// Type and subtype in lower case.
    pub(super) essence: String,
    parameters: Vec<(String, String)>,
}

/// An entity in a buffer that it owns.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    /// Its header.
    pub(super) header: Fields,
    bytes: Vec<u8>,
    whole: Range<usize>,
    body: Range<usize>,
}

impl Fields {
    /// The value of the first field of this name, in whatever case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Fields by name and value.
    pub fn of(fields: Vec<(String, String)>) -> Fields {
        Fields(fields)
    }

    /// Names and values in their order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Fields and what follows them as one text of bytes, as they are kept.
    pub fn flat(pairs: &[(String, String)], body: &[u8]) -> Vec<u8> {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        [head(&pairs), body.to_vec()].concat()
    }

    /// What [`flat`](Self::flat) put together; `None` where it did not.
    pub fn unflat(bytes: &[u8]) -> Option<(Fields, Vec<u8>)> {
        let (fields, length) = Fields::parse(bytes).ok()?;
        Some((fields, bytes.get(length..)?.to_vec()))
    }

    /// Its `Content-Type`; `text/plain` where it has none.
    pub(super) fn content_type(&self) -> ContentType {
        ContentType::parse(self.field("Content-Type").unwrap_or("text/plain"))
    }

    /// The file name that `Content-Disposition` or `Content-Type` gives.
    pub(super) fn file_name(&self) -> Option<String> {
        let disposition = self.field("Content-Disposition").map(ContentType::parse);
        let named = disposition.and_then(|disposition| disposition.parameter("filename").map(str::to_owned));
        named.or_else(|| self.content_type().parameter("name").map(str::to_owned))
    }

    /// Reads fields up to the empty line that ends them; tells where what follows begins.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Fields, usize), BadMime> {
        let (mut fields, mut at) = (Vec::<(String, String)>::new(), 0);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(end) = memchr(b'\n', rest) else {
                // A body may be missing together with the empty line before it.
                return if rest.is_empty() {
                    Ok((Fields(fields), at))
                } else {
                    Err(BadMime("its header has no end"))
                };
            };
            at += end + 1;
            if at > MOST_HEADER_BYTES || fields.len() > MOST_FIELDS {
                return Err(BadMime("its header is too long"));
            }
            let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                return Ok((Fields(fields), at));
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or(BadMime("its header begins with a folded line"))?;
                value.push(' ');
                value.push_str(line.trim());
            } else {
                let (name, value) =
                    line.split_once(':').ok_or(BadMime("a line of its header has no colon"))?;
                fields.push((name.trim_end().to_owned(), value.trim().to_owned()));
            }
        }
    }
}

impl ContentType {
    /// Reads a value such as `multipart/signed; micalg="sha-256"; boundary=x`.
    pub(super) fn parse(value: &str) -> ContentType {
        let mut pieces = pieces(value).into_iter();
        let essence = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        });
        ContentType { essence, parameters: parameters.collect() }
    }

    /// The parameter of this name, in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// True for CMS in whatever envelope.
    pub(super) fn is_cms(&self) -> bool {
        matches!(&*self.essence, "application/pkcs7-mime" | "application/x-pkcs7-mime")
    }
}

/// Splits at semicolons outside of quotes.
fn pieces(value: &str) -> Vec<&str> {
    let (mut found, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in value.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                found.extend(value.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.extend(value.get(begin..));
    found
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::with_capacity(inner.len()), false);
    for letter in inner.chars() {
        if letter == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(letter);
            escaped = false;
        }
    }
    text
}

impl Entity {
    /// An entity whose header came apart from its body, as in HTTP.
    pub(super) fn of(header: Fields, body: Vec<u8>) -> Entity {
        let all = 0..body.len();
        Entity { header, bytes: body, whole: all.clone(), body: all }
    }

    /// Reads an entity: header, empty line, body.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Entity, BadMime> {
        let whole = 0..bytes.len();
        Entity::within(bytes, whole)
    }

    fn within(bytes: Vec<u8>, whole: Range<usize>) -> Result<Entity, BadMime> {
        let (header, length) = Fields::parse(bytes.get(whole.clone()).unwrap_or_default())?;
        let body = whole.start + length..whole.end;
        Ok(Entity { header, bytes, whole, body })
    }

    /// Header and body as they stand.
    pub(super) fn whole(&self) -> &[u8] {
        self.bytes.get(self.whole.clone()).unwrap_or_default()
    }

    /// The body as it stands.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(self.body.clone()).unwrap_or_default()
    }

    /// The body without its transfer encoding.
    pub(super) fn decoded(self) -> Result<Vec<u8>, BadMime> {
        let encoding =
            self.header.field("Content-Transfer-Encoding").unwrap_or("binary").to_ascii_lowercase();
        match &*encoding {
            "7bit" | "8bit" | "binary" => {
                let mut bytes = self.bytes;
                bytes.truncate(self.body.end);
                bytes.drain(..self.body.start);
                Ok(bytes)
            }
            "base64" => from_base64(self.body()),
            "quoted-printable" => Ok(from_quoted_printable(self.body())),
            _ => Err(BadMime("its Content-Transfer-Encoding is none that is read here")),
        }
    }

    /// Where the parts of a multipart body are, each with its header.
    fn parts(&self) -> Result<Vec<Range<usize>>, BadMime> {
        let content_type = self.header.content_type();
        let boundary =
            content_type.parameter("boundary").ok_or(BadMime("its Content-Type names no boundary"))?;
        if boundary.is_empty() || boundary.len() > 70 {
            return Err(BadMime("its boundary is no boundary"));
        }
        let body = self.body();
        let delimiter = format!("--{boundary}");
        let finder = memmem::Finder::new(delimiter.as_bytes());
        let (mut parts, mut begin, mut from) = (Vec::new(), None, 0);
        loop {
            let found = finder.find(body.get(from..).unwrap_or_default());
            let Some(at) = found.map(|found| from + found) else {
                return Err(BadMime("its last boundary is missing"));
            };
            let after = at + delimiter.len();
            from = after;
            let line_begins = at == 0 || body.get(at - 1) == Some(&b'\n');
            let rest = body.get(after..).unwrap_or_default();
            let (last, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            if !line_begins || !line.trim_ascii().is_empty() {
                continue;
            }
            if let Some(begin) = begin {
                let end = body.get(..at).unwrap_or_default();
                let end = end.strip_suffix(b"\n").unwrap_or(end);
                let end = end.strip_suffix(b"\r").unwrap_or(end).len();
                parts.push(self.body.start + begin..self.body.start + end.max(begin));
            }
            if last {
                // What follows would not be signed by anybody.
                let epilogue = rest.get(line.len()..).unwrap_or_default();
                return if epilogue.trim_ascii().is_empty() {
                    Ok(parts)
                } else {
                    Err(BadMime("something stands behind its last boundary"))
                };
            }
            if parts.len() > 10 {
                return Err(BadMime("it has too many parts"));
            }
            begin = Some((after + line.len() + 1).min(body.len()));
        }
    }

    /// What is signed, and its signature, decoded, of a `multipart/signed` (RFC 1847).
    pub(super) fn signed(self) -> Result<(Entity, Vec<u8>), BadMime> {
        let parts = self.parts()?;
        let [content, signature] = &*parts else { return Err(BadMime("it has not exactly two parts")) };
        let signature = self.bytes.get(signature.clone()).unwrap_or_default().to_vec();
        let signature = Entity::parse(signature)?;
        let essence = signature.header.content_type().essence;
        if !matches!(&*essence, "application/pkcs7-signature" | "application/x-pkcs7-signature") {
            return Err(BadMime("its second part is no signature"));
        }
        let content = content.clone();
        Ok((Entity::within(self.bytes, content)?, signature.decoded()?))
    }

    /// The parts of a multipart, each in a buffer of its own; for small ones.
    pub(super) fn split(&self) -> Result<Vec<Entity>, BadMime> {
        let ranges = self.parts()?;
        let parts = ranges.into_iter().map(|range| self.bytes.get(range).unwrap_or_default().to_vec());
        parts.map(Entity::parse).collect()
    }

    /// What is signed where the signature was made over lines that end with CRLF, and came with lines that do not; `None`
    /// where they did.
    pub(super) fn with_crlf(&self) -> Option<Vec<u8>> {
        let whole = self.whole();
        let bare = |at: usize| at == 0 || whole.get(at - 1) != Some(&b'\r');
        if !memchr::memchr_iter(b'\n', whole).any(bare) {
            return None;
        }
        let mut lines = Vec::with_capacity(whole.len() + whole.len() / 40);
        for (at, byte) in whole.iter().enumerate() {
            if *byte == b'\n' && bare(at) {
                lines.push(b'\r');
            }
            lines.push(*byte);
        }
        Some(lines)
    }
}

fn from_base64(text: &[u8]) -> Result<Vec<u8>, BadMime> {
    let bad = BadMime("its base64 is broken");
    let letters: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(letters).map_err(|_| bad)
}

fn from_quoted_printable(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'=' {
            out.push(*first);
        } else if let [b'\r', b'\n', next @ ..] | [b'\n', next @ ..] = after {
            rest = next;
        } else if let [high, low, next @ ..] = after
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            out.push(high << 4 | low);
            rest = next;
        } else {
            out.push(b'=');
        }
    }
    out
}

/// Bytes as base64 in lines of 76 letters.
pub(super) fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(bytes);
    let mut lines = Vec::with_capacity(text.len() + text.len() / 38 + 2);
    for line in text.as_bytes().chunks(76) {
        lines.extend_from_slice(line);
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

/// A header of these fields with the empty line that ends it.
pub(super) fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(text: &str) -> Entity {
        Entity::parse(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn fields_are_unfolded_and_content_types_read() {
        let entity = entity(
            "A: b\r\nContent-Type: Multipart/Signed;\r\n\tmicalg=\"sha-1; x\"; boundary=\"a\\\"b\"\r\n\r\nbody",
        );
        let kind = entity.header.content_type();
        assert_eq!(kind.essence, "multipart/signed");
        assert_eq!((kind.parameter("micalg"), kind.parameter("boundary")), (Some("sha-1; x"), Some("a\"b")));
        assert_eq!(entity.body(), b"body");
        assert_eq!(entity.header.field("a"), Some("b"));
    }

    fn check(body: &str, expected: Result<&[&str], &str>) {
        let text = format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{body}");
        let entity = entity(&text);
        let found = entity.parts().map(|parts| parts.into_iter().map(|part| text[part].to_owned()).collect());
        let expected = expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(found.map_err(|bad| bad.0), expected, "{body}");
    }

    #[test]
    fn parts_are_what_stands_between_boundaries() {
        check("--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n", Ok(&["\r\na", "\r\nb"]));
        check("before\r\n--x \r\n\r\na\n--x--", Ok(&["\r\na"]));
        check("--x\r\n\r\n--xy a--x\r\n\r\n--x--", Ok(&["\r\n--xy a--x\r\n"]));
        check("--x\r\n\r\na\r\n--x--\r\nmore", Err("something stands behind its last boundary"));
        check("--x\r\n\r\na\r\n", Err("its last boundary is missing"));
        check("", Err("its last boundary is missing"));
    }

    #[test]
    fn encodings_are_undone() {
        for (encoding, body, expected) in [
            ("base64", "aGVs\r\nbG8=\r\n", "hello"),
            ("base64", "aGVsbG8", "hello"),
            ("quoted-printable", "a=3Db=\r\nc=zz", "a=bc=zz"),
            ("8BIT", "x", "x"),
        ] {
            let text = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}");
            assert_eq!(entity(&text).decoded().unwrap(), expected.as_bytes());
        }
        assert!(entity("Content-Transfer-Encoding: base64\r\n\r\n*").decoded().is_err());
        assert!(entity("Content-Transfer-Encoding: x-uue\r\n\r\n*").decoded().is_err());
    }

    #[test]
    fn what_was_encoded_is_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&base64_lines(&bytes)).unwrap(), bytes);
        assert!(base64_lines(&bytes).split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
    }

    #[test]
    fn bare_line_ends_become_whole() {
        assert_eq!(entity("A: b\n\nc\r\nd\n").with_crlf().unwrap(), b"A: b\r\n\r\nc\r\nd\r\n");
        assert_eq!(entity("A: b\r\n\r\nc").with_crlf(), None);
    }

    #[test]
    fn headers_without_end_are_refused() {
        assert!(Fields::parse(b"A: b").is_err());
        assert!(Fields::parse(b"no colon\r\n\r\n").is_err());
        assert!(Fields::parse(" folded\r\n\r\n".as_bytes()).is_err());
        assert!(Fields::parse(&[b"A: ".as_slice(), &[b'a'; 70_000], b"\r\n\r\n"].concat()).is_err());
        assert_eq!(Fields::parse(b"A: b\r\n").unwrap().1, 6);
    }
}
