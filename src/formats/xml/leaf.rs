//! Children and their values. Most of every document are short elements in one piece, which are read in one go.

use crate::formats::Fault;
use crate::formats::Place;
use crate::formats::values::shown;
use crate::formats::xml::names::Tag;
use crate::formats::xml::scanner::Scan;
use crate::formats::xml::scanner::Scanner;
use crate::formats::xml::scanner::Token;

/// How long a start tag may be to be looked at in one go.
const MOST_TAG_BYTES: usize = 200;

impl Scanner {
    /// The next child element of an element that holds only elements; `None` where that element ends.
    #[inline]
    pub fn child(&mut self) -> Scan<Option<Tag>> {
        if std::mem::take(&mut self.leaf) {
            let place = self.place();
            self.judge_stray_text(place);
            return Ok(None);
        }
        if self.held.is_none()
            && !self.empty
            && !self.at_markup
            && let Some(tag) = self.find_leaf()
        {
            return Ok(Some(tag));
        }
        loop {
            match self.token()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End => return Ok(None),
                Token::Text => {
                    let place = self.xml.get_mut().text_place();
                    self.judge_stray_text(place);
                }
                Token::Eof => return Err(self.cut_off()),
            }
        }
    }

    /// The text of the element that `child` found, up to its end; `None` (and an error told) where it has children.
    pub fn value(&mut self) -> Scan<Option<&str>> {
        if std::mem::take(&mut self.leaf) {
            return Ok(Some(&self.text));
        }
        let level = self.path.depth();
        let mut plain = true;
        let mut value = String::new();
        loop {
            match self.token()? {
                Token::Text if plain => std::mem::swap(&mut self.text, &mut value),
                Token::Text => {}
                Token::Start(_) => {
                    if plain {
                        self.tell(Fault::error(
                            "unexpected-element",
                            format!("{} stands where a plain value is expected", shown(&self.qualified)),
                            "write the value as text alone",
                        ));
                    }
                    plain = false;
                }
                Token::End if self.path.depth() < level => break,
                Token::End => {}
                Token::Eof => return Err(self.cut_off()),
            }
        }
        self.text = value;
        Ok(plain.then_some(&*self.text))
    }

    /// Passes over the rest of the element that `child` found.
    pub fn skip(&mut self) -> Scan<()> {
        if std::mem::take(&mut self.leaf) {
            return Ok(());
        }
        let level = self.path.depth();
        while self.path.depth() >= level {
            if self.token()? == Token::Eof {
                return Err(self.cut_off());
            }
        }
        Ok(())
    }

    /// True where the element that `child` found is in one piece: a known name, at most one attribute, text alone.
    pub fn is_leaf(&self) -> bool {
        self.leaf
    }

    /// The text of the last text token, or of the element in one piece.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Finds `<name>text</name>` of a known name, perhaps with one attribute, whole within the window and with nothing
    /// to resolve in it. The tokeniser never sees it.
    #[inline]
    fn find_leaf(&mut self) -> Option<Tag> {
        if !self.scope.is_plain() {
            return None;
        }
        let source = self.xml.get_ref();
        let blanks = source.unread().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let bytes = source.unread().get(blanks..)?;
        let (tag, name, tag_end) = if self.path.last_child() == Tag::Epc && bytes.starts_with(b"<epc>") {
            self.attributes.clear();
            (Tag::Epc, &b"epc"[..], 4)
        } else {
            let tag_end = memchr::memchr(b'>', bytes.get(..MOST_TAG_BYTES).unwrap_or(bytes))?;
            let inside = bytes.get(..tag_end)?.strip_prefix(b"<")?;
            let name_end = memchr::memchr(b' ', inside).unwrap_or(inside.len());
            let (name, attribute) = inside.split_at(name_end);
            let tag = Tag::parse(name);
            if tag == Tag::Other || !copy_attribute(attribute, &mut self.attributes) {
                return None;
            }
            (tag, name, tag_end)
        };
        let behind = bytes.get(tag_end + 1..)?;
        let length = memchr::memchr3(b'<', b'&', b'\r', behind)?;
        let (text, end) = behind.split_at(length);
        if source.has_section_end() && text.contains(&b'>') {
            return None;
        }
        let end = end.strip_prefix(b"</")?.strip_prefix(name)?;
        if end.first() != Some(&b'>') {
            return None;
        }
        let whole = tag_end + 1 + length + 2 + name.len() + 1;
        let text = std::str::from_utf8(text).ok()?;
        self.text.clear();
        self.text.push_str(text);
        let source = self.xml.get_mut();
        source.pass(blanks);
        source.mark_token();
        source.mark_element();
        source.pass(whole);
        self.leaf = true;
        self.path.pass(tag);
        Some(tag)
    }

    fn judge_stray_text(&mut self, place: Place) {
        let text = self.text.trim();
        if text.is_empty() {
            return;
        }
        let message = format!("the text {} stands between elements", shown(text));
        let path = self.path.text();
        self.tell_at(Fault::error("unexpected-text", message, "remove the text"), place, path);
    }
}

/// Copies what follows the name in a start tag: nothing, or one attribute with nothing to resolve in its value.
#[inline]
fn copy_attribute(raw: &[u8], attributes: &mut String) -> bool {
    attributes.clear();
    if raw.is_empty() {
        return true;
    }
    let parts = || {
        let raw = std::str::from_utf8(raw).ok()?;
        let (name, value) = raw.strip_prefix(' ')?.split_once("=\"")?;
        Some((raw, name, value.strip_suffix('"')?))
    };
    let Some((raw, name, value)) = parts() else { return false };
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase())
        && !name.is_empty()
        && name != "xmlns"
        && !value.bytes().any(|byte| matches!(byte, b'"' | b'<' | b'&' | b'\t' | b'\n' | b'\r'));
    if plain {
        attributes.push_str(raw);
    }
    plain
}
