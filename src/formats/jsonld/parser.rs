//! Parser: JSON text into a [`Value`], borrowing what needs no unescaping (RFC 8259).

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memchr2;

use crate::formats::Defects;
use crate::formats::Fault;
use crate::formats::jsonld::value::Data;
use crate::formats::jsonld::value::Member;
use crate::formats::jsonld::value::Value;
use crate::formats::values::shown;

/// A value read, and the keys that occur twice in one object: only the first of each is kept.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    pub(super) value: Value<'a>,
    pub(super) duplicates: Vec<(usize, Cow<'a, str>)>,
}

/// What is not JSON, and at which byte.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) fault: Fault,
    pub(super) at: usize,
}

/// Reads a text that holds one value; `depth` is how deep it may nest, `values` how many values it may hold.
pub(super) fn parse(bytes: &[u8], depth: usize, values: usize) -> Result<Parsed<'_>, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|error| Broken {
        fault: Fault::error("not-utf-8", "the text is not UTF-8", "send the document as UTF-8"),
        at: error.valid_up_to(),
    })?;
    let mut parser = Parser { text, bytes, at: 0, depth, values, duplicates: Vec::new() };
    parser.blank();
    let value = parser.value()?;
    parser.blank();
    if parser.at < bytes.len() {
        return Err(parser.broken("there is more text behind the value"));
    }
    Ok(Parsed { value, duplicates: parser.duplicates })
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
    duplicates: Vec<(usize, Cow<'a, str>)>,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value<'a>, Broken> {
        let at = self.at;
        self.values = self.values.checked_sub(1).ok_or_else(|| self.too_much("has too many values"))?;
        let data = match self.byte() {
            Some(b'"') => Data::String(self.string()?),
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Data::Boolean(true))?,
            Some(b'f') => self.word("false", Data::Boolean(false))?,
            Some(b'n') => self.word("null", Data::Null)?,
            Some(_) => return Err(self.broken("no JSON value begins here")),
            None => return Err(self.broken("a value is missing")),
        };
        Ok(Value { at, data })
    }

    fn object(&mut self) -> Result<Data<'a>, Broken> {
        self.enter()?;
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut seen = HashSet::new();
        self.blank();
        if self.eat(b'}') {
            return Ok(self.leave(Data::Object(members)));
        }
        loop {
            self.blank();
            let at = self.at;
            if self.byte() != Some(b'"') {
                return Err(self.broken("a member must begin with its name in quotes"));
            }
            let key = self.string()?;
            self.blank();
            if !self.eat(b':') {
                return Err(self.broken("a colon is missing behind the name"));
            }
            self.blank();
            let value = self.value()?;
            if is_duplicate(&members, &mut seen, &key) {
                self.duplicates.extend((self.duplicates.len() < Defects::KEPT).then_some((at, key)));
            } else {
                members.push(Member { at, key, value });
            }
            self.blank();
            if self.eat(b'}') {
                return Ok(self.leave(Data::Object(members)));
            }
            if !self.eat(b',') {
                return Err(self.broken("a comma or } is missing"));
            }
        }
    }

    fn array(&mut self) -> Result<Data<'a>, Broken> {
        self.enter()?;
        let mut items = Vec::new();
        self.blank();
        if self.eat(b']') {
            return Ok(self.leave(Data::Array(items)));
        }
        loop {
            self.blank();
            items.push(self.value()?);
            self.blank();
            if self.eat(b']') {
                return Ok(self.leave(Data::Array(items)));
            }
            if !self.eat(b',') {
                return Err(self.broken("a comma or ] is missing"));
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        self.at += 1;
        let start = self.at;
        let end = self.run()?;
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(self.text.get(start..end).unwrap_or_default()));
        }
        let mut text = self.text.get(start..end).unwrap_or_default().to_owned();
        self.at = end;
        loop {
            if self.eat(b'"') {
                return Ok(Cow::Owned(text));
            }
            text.push(self.escape()?);
            let from = self.at;
            self.at = self.run()?;
            text.push_str(self.text.get(from..self.at).unwrap_or_default());
        }
    }

    /// Where the quote or backslash stands that ends a run of plain characters.
    fn run(&self) -> Result<usize, Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let plain = rest.get(..length).unwrap_or_default();
        if let Some(control) = plain.iter().position(|byte| *byte < b' ') {
            return Err(self.broken_at("a control character stands in a string", self.at + control));
        }
        if length == rest.len() {
            return Err(self.broken_at("the string has no end", self.bytes.len()));
        }
        Ok(self.at + length)
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let at = self.at;
        self.at += 2;
        Ok(match self.bytes.get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(at),
            _ => return Err(self.broken_at("no such escape", at)),
        })
    }

    /// Reads the digits of `\uXXXX`, and of the second half where it is a surrogate pair.
    fn code_point(&mut self, at: usize) -> Result<char, Broken> {
        let mut code = self.four_digits(at)?;
        if (0xDC00..0xE000).contains(&code) {
            return Err(self.lone_surrogate(at));
        }
        if (0xD800..0xDC00).contains(&code) {
            if self.bytes.get(self.at..self.at + 2) != Some(br"\u") {
                return Err(self.lone_surrogate(at));
            }
            self.at += 2;
            let low = self.four_digits(at)?;
            if !(0xDC00..0xE000).contains(&low) {
                return Err(self.lone_surrogate(at));
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        char::from_u32(code).ok_or_else(|| self.lone_surrogate(at))
    }

    fn four_digits(&mut self, escape: usize) -> Result<u32, Broken> {
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        let code =
            digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?));
        self.at += 4;
        code.filter(|_| digits.len() == 4)
            .ok_or_else(|| self.broken_at("\\u needs four hexadecimal digits", escape))
    }

    fn number(&mut self) -> Result<Data<'a>, Broken> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') && self.digits() == 0 {
            return Err(self.broken_at("the number has no digits", start));
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err(self.broken_at("digits are missing behind the point", start));
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(self.broken_at("digits are missing in the exponent", start));
            }
        }
        Ok(Data::Number(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn digits(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self, word: &str, data: Data<'a>) -> Result<Data<'a>, Broken> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            return Err(self.broken("no JSON value begins here"));
        }
        self.at += word.len();
        Ok(data)
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    fn enter(&mut self) -> Result<(), Broken> {
        self.depth = self.depth.checked_sub(1).ok_or_else(|| self.too_much("is nested too deep"))?;
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self, data: Data<'a>) -> Data<'a> {
        self.depth += 1;
        data
    }

    fn too_much(&self, what: &str) -> Broken {
        let fault = Fault::error("too-deep", format!("the value {what}"), "send a simpler document");
        Broken { fault, at: self.at }
    }

    fn lone_surrogate(&self, at: usize) -> Broken {
        let escape = self.bytes.get(at..at + 6).map(String::from_utf8_lossy).unwrap_or_default();
        let message = format!("{} is half of a character", shown(&escape));
        let fault = Fault::error("lone-surrogate", message, "write both halves of the surrogate pair");
        Broken { fault, at }
    }

    fn broken(&self, message: &str) -> Broken {
        self.broken_at(message, self.at)
    }

    fn broken_at(&self, message: &str, at: usize) -> Broken {
        Broken { fault: Fault::error("not-json", message, "send well-formed JSON"), at }
    }
}

/// Looks through a few members one by one, through many by their hash.
fn is_duplicate<'a>(members: &[Member<'a>], seen: &mut HashSet<Cow<'a, str>>, key: &str) -> bool {
    const FEW: usize = 32;
    if members.len() < FEW {
        return members.iter().any(|member| member.key == key);
    }
    let fresh = members.get(seen.len()..).unwrap_or_default();
    seen.extend(fresh.iter().map(|member| member.key.clone()));
    seen.contains(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text.as_bytes(), 10, 1_000).map(|parsed| {
            let mut out = Vec::new();
            parsed.value.write_compact(&mut |_| None, &mut out);
            String::from_utf8(out).unwrap()
        });
        assert_eq!(found.as_deref().map_err(|broken| broken.fault.rule), expected, "{text}");
    }

    #[test]
    fn reads_json() {
        check(" [ 1 , -0.50e+3 , \"\u{e9}\\u00e9\\ud83d\\ude00\\n\" ] ", Ok("[1,-0.50e+3,\"éé😀\\n\"]"));
        check(
            "{\"a\":{},\"b\":[],\"c\":[true,false,null]}",
            Ok("{\"a\":{},\"b\":[],\"c\":[true,false,null]}"),
        );
        check("1e999999", Ok("1e999999"));
        check("\"\\\"\\\\\\/\\b\\f\\r\\t\"", Ok("\"\\\"\\\\/\\b\\f\\r\\t\""));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "",
            "01",
            "1.",
            "-",
            ".5",
            "1e",
            "tru",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "[1 2]",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "'a'",
            "NaN",
            "1 2",
            "[1",
            "{",
            "\"\\",
            "\"\\u",
            "nul",
        ] {
            check(text, Err("not-json"));
        }
        check("\"\\ud800\"", Err("lone-surrogate"));
        check("\"\\ud800\\u0041\"", Err("lone-surrogate"));
        check("\"\\udc00\"", Err("lone-surrogate"));
        check(&"[".repeat(11), Err("too-deep"));
        check(&format!("[{}0]", "0,".repeat(1_000)), Err("too-deep"));
        assert_eq!(parse(b"\"\xff\"", 10, 10).unwrap_err().fault.rule, "not-utf-8");
    }

    #[test]
    fn finds_keys_that_occur_twice() {
        let parsed = parse(b"{\"a\":1,\"b\":{\"a\":1},\"\\u0061\":2}", 10, 100).unwrap();
        assert_eq!(parsed.duplicates, [(19, Cow::Borrowed("a"))]);
        let many: String = (0..100).map(|n| format!("\"k{}\":0,", n % 99)).collect();
        let text = format!("{{{many}\"z\":1}}");
        assert_eq!(parse(text.as_bytes(), 10, 1_000).unwrap().duplicates.len(), 1);
    }
}
