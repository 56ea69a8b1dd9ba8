//! Sink: JSON text being written into one buffer, compact or indented.

/// A character stands in the text that JSON escapes.
const ESCAPED: u8 = 1;
/// A character stands in the text that no URI has.
const NO_URI: u8 = 2;
/// A character stands in the text that a URI has in some places only.
const PLACED: u8 = 4;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            0..b' ' | b'"' | b'\\' => ESCAPED | NO_URI,
            b' ' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7F..=0xFF => NO_URI,
            b'%' | b'[' | b']' | b'#' => PLACED,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

/// What a text is made of, seen while it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Characters(u8);

impl Characters {
    /// True where every character may stand anywhere in the path of a URI.
    pub(super) fn are_plain(self) -> bool {
        self.0 == 0
    }
}

/// A JSON text in the making.
pub(super) struct Sink {
    pub(super) bytes: Vec<u8>,
    pretty: bool,
    depth: usize,
    /// True where nothing stands yet in the innermost object or array.
    fresh: bool,
}

/// A state to which an unfinished event is undone.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    depth: usize,
    fresh: bool,
}

impl Sink {
    /// An empty text.
    pub(super) fn new(pretty: bool) -> Sink {
        Sink { bytes: Vec::new(), pretty, depth: 0, fresh: true }
    }

    /// The state now.
    pub(super) fn mark(&self) -> Mark {
        Mark { length: self.bytes.len(), depth: self.depth, fresh: self.fresh }
    }

    /// Undoes what was written since.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.bytes.truncate(mark.length);
        (self.depth, self.fresh) = (mark.depth, mark.fresh);
    }

    /// Begins an object or array.
    pub(super) fn open(&mut self, bracket: u8) {
        self.bytes.push(bracket);
        self.depth += 1;
        self.fresh = true;
    }

    /// Ends an object or array.
    pub(super) fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        if !self.fresh {
            self.line();
        }
        self.bytes.push(bracket);
        self.fresh = false;
    }

    /// Begins an item of an array.
    #[inline]
    pub(super) fn item(&mut self) {
        if !self.fresh {
            self.bytes.push(b',');
        }
        self.fresh = false;
        self.line();
    }

    /// Begins a member whose key needs no escaping.
    pub(super) fn key(&mut self, key: &str) {
        self.key_in_parts(&[key]);
    }

    /// Begins a member whose key is these parts in a row.
    pub(super) fn key_in_parts(&mut self, parts: &[&str]) {
        self.item();
        self.bytes.push(b'"');
        for part in parts {
            escape(part, &mut self.bytes);
        }
        self.bytes.extend_from_slice(if self.pretty { b"\": " } else { b"\":" });
    }

    /// Writes a string.
    #[inline]
    pub(super) fn string(&mut self, text: &str) -> Characters {
        write_string(text, &mut self.bytes)
    }

    /// Writes JSON text as it is.
    pub(super) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Writes a member that is a string.
    pub(super) fn member(&mut self, key: &str, text: &str) -> Characters {
        self.key(key);
        self.string(text)
    }

    #[inline]
    fn line(&mut self) {
        if self.pretty {
            self.bytes.push(b'\n');
            self.bytes.resize(self.bytes.len() + 2 * self.depth, b' ');
        }
    }
}

/// Writes a string with its quotes, and says what it is made of.
#[inline]
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) -> Characters {
    out.push(b'"');
    let characters = escape(text, out);
    out.push(b'"');
    characters
}

#[inline]
fn escape(text: &str, out: &mut Vec<u8>) -> Characters {
    let mut seen = 0;
    for byte in text.as_bytes() {
        seen |= class(*byte);
    }
    if seen & ESCAPED == 0 {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape_each(text, out);
    }
    Characters(seen)
}

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

fn escape_each(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in text.bytes() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0C => b'f',
            0..b' ' => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str, plain: bool) {
        let mut out = Vec::new();
        assert_eq!(write_string(text, &mut out).are_plain(), plain, "{text}");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(serde_json::from_str::<String>(expected).unwrap(), text);
    }

    #[test]
    fn escapes_strings() {
        check("urn:epc:id:sgtin:1.2.3", "\"urn:epc:id:sgtin:1.2.3\"", true);
        check("a\"b\\c\n\r\t\u{8}\u{c}\u{1}", "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\"", false);
        check("é😀 ", "\"é😀 \"", false);
        check("a%20b", "\"a%20b\"", false);
    }

    #[test]
    fn writes_compact_and_indented() {
        let write = |pretty| {
            let mut sink = Sink::new(pretty);
            sink.open(b'{');
            sink.member("a", "b");
            sink.key("c");
            sink.open(b'[');
            sink.item();
            sink.raw("1");
            sink.item();
            sink.open(b'{');
            sink.close(b'}');
            sink.close(b']');
            sink.close(b'}');
            String::from_utf8(sink.bytes).unwrap()
        };
        assert_eq!(write(false), r#"{"a":"b","c":[1,{}]}"#);
        assert_eq!(write(true), "{\n  \"a\": \"b\",\n  \"c\": [\n    1,\n    {}\n  ]\n}");
    }

    #[test]
    fn undoes_what_was_written() {
        let mut sink = Sink::new(false);
        sink.open(b'[');
        let mark = sink.mark();
        sink.item();
        sink.open(b'{');
        sink.undo(mark);
        sink.item();
        sink.raw("1");
        sink.close(b']');
        assert_eq!(sink.bytes, b"[1]");
    }
}
