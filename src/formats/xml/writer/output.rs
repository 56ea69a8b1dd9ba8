//! The text being written: tags, indentation, and what was lost on the way.

use crate::formats::Loss;
use crate::formats::xml::writer::escape::Site;
use crate::formats::xml::writer::escape::escape;

/// How many losses are told one by one.
const TOLD: usize = 1_000;

/// The bytes not yet handed to the sink.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    pretty: bool,
    /// The event being written, from 0; `None` in the header.
    pub(super) event: Option<u64>,
    depth: usize,
    /// Above 0 inside mixed content, where white space would mean something.
    inline: usize,
    losses: Vec<Loss>,
    untold: u64,
}

/// A state of the output to go back to.
#[derive(Debug)]
pub(super) struct OutputMark {
    bytes: usize,
    depth: usize,
    losses: usize,
    untold: u64,
}

impl Output {
    pub(super) fn new(pretty: bool) -> Output {
        Output { pretty, ..Output::default() }
    }

    pub(super) fn mark(&self) -> OutputMark {
        OutputMark {
            bytes: self.bytes.len(),
            depth: self.depth,
            losses: self.losses.len(),
            untold: self.untold,
        }
    }

    /// Forgets what was written since the mark, as long as the sink has not got it.
    pub(super) fn go_back(&mut self, mark: &OutputMark) {
        self.bytes.truncate(mark.bytes);
        self.losses.truncate(mark.losses);
        self.depth = mark.depth;
        self.untold = mark.untold;
        self.inline = 0;
    }

    /// Writes `<name>`.
    pub(super) fn open(&mut self, name: &str) {
        self.tag(name);
        self.tag_end();
    }

    /// Writes `</name>` on a line of its own.
    pub(super) fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.break_line();
        self.raw(b"</");
        self.raw(name.as_bytes());
        self.raw(b">");
    }

    /// Writes `<name/>`.
    pub(super) fn empty(&mut self, name: &str) {
        self.tag(name);
        self.tag_end_empty();
    }

    /// Writes `<name>text</name>`.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.tag(name);
        self.tag_text(name, text);
    }

    /// Writes `<epc>text</epc>`, the element that most of a document consists of.
    pub(super) fn epc(&mut self, text: &str) {
        self.break_line();
        self.raw(b"<epc>");
        self.text("epc", text);
        self.raw(b"</epc>");
    }

    /// Writes `<name type="kind">text</name>`.
    pub(super) fn leaf_of_kind(&mut self, name: &str, kind: Option<&str>, text: &str) {
        self.tag(name);
        if let Some(kind) = kind {
            self.attribute("type", kind);
        }
        self.tag_text(name, text);
    }

    /// Begins a start tag: `<name`.
    pub(super) fn tag(&mut self, name: &str) {
        self.break_line();
        self.raw(b"<");
        self.raw(name.as_bytes());
    }

    /// Adds an attribute to the start tag.
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.raw(b" ");
        self.raw(name.as_bytes());
        self.raw(b"=\"");
        if !escape(&mut self.bytes, value, Site::Attribute) {
            self.lose_characters(name);
        }
        self.raw(b"\"");
    }

    /// Ends a start tag whose element has content.
    pub(super) fn tag_end(&mut self) {
        self.raw(b">");
        self.depth += 1;
    }

    /// Ends the tag of an element with no content.
    pub(super) fn tag_end_empty(&mut self) {
        self.raw(b"/>");
    }

    /// Ends a start tag, and its element with the text.
    pub(super) fn tag_text(&mut self, name: &str, text: &str) {
        self.raw(b">");
        self.text(name, text);
        self.raw(b"</");
        self.raw(name.as_bytes());
        self.raw(b">");
    }

    /// Writes text inside the element of this name.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !escape(&mut self.bytes, text, Site::Text) {
            self.lose_characters(name);
        }
    }

    /// Begins content in which white space means something.
    pub(super) fn begin_inline(&mut self) {
        self.inline += 1;
    }

    /// Ends such content, and its element.
    pub(super) fn close_inline(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.raw(b"</");
        self.raw(name.as_bytes());
        self.raw(b">");
        self.inline = self.inline.saturating_sub(1);
    }

    /// Appends bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Notes something that this form cannot hold.
    pub(super) fn lose(&mut self, path: impl Into<String>, what: impl Into<String>) {
        if self.losses.len() < TOLD {
            self.losses.push(Loss { event: self.event, path: path.into(), what: what.into() });
        } else {
            self.untold += 1;
        }
    }

    /// What was lost; the last one counts those that are not told.
    pub(super) fn take_losses(&mut self) -> Vec<Loss> {
        let mut losses = std::mem::take(&mut self.losses);
        if self.untold > 0 {
            let what = format!("{} further losses", self.untold);
            losses.push(Loss { event: None, path: String::new(), what });
        }
        losses
    }

    fn lose_characters(&mut self, name: &str) {
        self.lose(name, "characters that XML 1.0 does not allow were left out");
    }

    /// Begins a new line where the output is to be read by people.
    fn break_line(&mut self) {
        if self.pretty && self.inline == 0 {
            self.bytes.push(b'\n');
            self.bytes.resize(self.bytes.len() + 2 * self.depth, b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents_outside_mixed_content() {
        let mut output = Output::new(true);
        output.open("a");
        output.leaf("b", "1 < 2");
        output.tag("c");
        output.tag_end();
        output.begin_inline();
        output.text("c", "mixed ");
        output.empty("d");
        output.close_inline("c");
        output.close("a");
        let expected = "\n<a>\n  <b>1 &lt; 2</b>\n  <c>mixed <d/></c>\n</a>";
        assert_eq!(std::str::from_utf8(&output.bytes).unwrap(), expected);
    }

    #[test]
    fn tells_a_thousand_losses_and_counts_the_rest() {
        let mut output = Output::default();
        let mark = output.mark();
        output.lose("forgotten", "");
        output.go_back(&mark);
        for _ in 0..TOLD + 5 {
            output.leaf("id", "\u{1}");
        }
        let losses = output.take_losses();
        assert_eq!(losses.len(), TOLD + 1);
        assert_eq!(losses.first().unwrap().path, "id");
        assert_eq!(losses.last().unwrap().what, "5 further losses");
    }
}
