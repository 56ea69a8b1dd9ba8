//! The picture of a chain of custody: time runs down, one lane a party, packing as tubes around the line, gaps hatched.
//!
//! It says everything twice, in shape and in words, so that it can be read without colours.

use std::fmt::Write;

use crate::export::custody::form::document_path;
use crate::export::custody::words::known;
use crate::export::custody::words::local_time;
use crate::export::custody::words::readable;
use crate::export::custody::words::sentence;
use crate::export::custody::words::summary;
use crate::formats::XmlText;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::How;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::Step;

const TIMES: usize = 150;
const LANE: usize = 330;
const HEAD: usize = 128;
const LINE: usize = 15;
/// What a row has besides its text: the line turns into another lane there.
const ROOM: usize = 36;
/// Where in its lane a node stands, and where its text begins.
const NODE: usize = 34;
const TEXT: usize = 66;
/// Characters on a line of text in a lane, and lines of one text.
const CHARACTERS: usize = 31;
const MOST_LINES: usize = 4;

const STYLE: &str = "text{font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:12px;fill:#1a1a1a}\
    .t{font-size:18px;font-weight:700}.s{font-weight:600}.q{fill:#4a4a4a;font-size:11px}.g{fill:#a00000;font-weight:700}\
    .w{text-decoration:line-through}a text{fill:#0b4a8f;text-decoration:underline}";

const DEFINITIONS: &str = "<defs><pattern id=\"gap\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"#fff\"/>\
    <rect width=\"2\" height=\"8\" fill=\"#d98a8a\"/></pattern>\
    <marker id=\"end\" viewBox=\"0 0 10 10\" refX=\"14\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
    orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" fill=\"#1a1a1a\"/></marker></defs>";

/// Draws a chain of custody as an SVG document of its own; each node leads to its document.
pub fn svg(custody: &Custody) -> String {
    let rows = rows(custody);
    let lanes = custody.parties.len().max(1);
    let width = TIMES + lanes * LANE + 20;
    let foot = rows.last().map_or(HEAD + 30, |row| row.top + row.height);
    let height = foot + 86;
    let title = format!("Chain of custody of {}", readable(&custody.epc));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\"><title id=\"title\">{}</title>\
         <desc id=\"desc\">{}</desc><style>{STYLE}</style>{DEFINITIONS}\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>",
        XmlText(&title),
        XmlText(&description(custody)),
    );
    text(&mut out, (16, 30), "t", &title);
    text(&mut out, (16, 50), "q", &summary(custody));
    custody.parties.iter().enumerate().for_each(|(at, party)| lane(&mut out, at, party, foot));
    lines(&mut out, custody, &rows);
    for row in &rows {
        match row.content {
            Content::Step(at, step) => {
                node(&mut out, row, step, &format!("{}. {}", at + 1, row.lines.join(" ")))
            }
            Content::Gap => gap(&mut out, row),
        }
    }
    legend(&mut out, foot + 26);
    out += "</svg>\n";
    out
}

/// The picture in sentences.
fn description(custody: &Custody) -> String {
    let mut text = summary(custody) + ".";
    for step in &custody.steps {
        let (time, offset) = local_time(step);
        // Writing to a String does not fail.
        let _ = write!(text, " {time} {offset}: {}.", sentence(custody, step));
    }
    for gap in &custody.gaps {
        let _ = write!(text, " Gap: {}.", gap.message);
    }
    text
}

enum Content<'a> {
    Step(usize, &'a Step),
    Gap,
}

/// A row of the picture: a step or a gap, with the lines of its text.
struct Row<'a> {
    content: Content<'a>,
    lane: usize,
    top: usize,
    height: usize,
    lines: Vec<String>,
}

impl Row<'_> {
    fn x(&self) -> usize {
        TIMES + self.lane * LANE
    }

    fn y(&self) -> usize {
        self.top + 20
    }
}

/// Steps in order, each gap before the step behind it.
fn rows(custody: &Custody) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let (mut top, mut lane) = (HEAD, 0);
    let mut push = |content, lane, text: &str, beneath: usize| {
        let lines = wrapped(text);
        let height = ROOM + LINE * (lines.len() + beneath);
        rows.push(Row { content, lane, top, height, lines });
        top += height;
    };
    for (at, step) in custody.steps.iter().enumerate() {
        let before = lane;
        lane = step.party.unwrap_or(lane);
        for gap in custody.gaps.iter().filter(|gap| gap.before == Some(at)) {
            let lane = if gap.after.is_some() { before } else { lane };
            push(Content::Gap, lane, &format!("GAP: {}", gap.message), 0);
        }
        push(Content::Step(at, step), lane, &sentence(custody, step), 2);
    }
    for gap in custody.gaps.iter().filter(|gap| gap.before.is_none()) {
        push(Content::Gap, lane, &format!("GAP: {}", gap.message), 0);
    }
    rows
}

/// A text in lines of a lane's width; what does not fit ends with an ellipsis.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let used = lines.last().map_or(0, |line| line.chars().count());
            let room = CHARACTERS.saturating_sub(if used == 0 { 0 } else { used + 1 });
            if rest.len() > room && used > 0 {
                lines.push(String::new());
                continue;
            }
            let piece: String = rest.drain(..rest.len().min(CHARACTERS)).collect();
            if let Some(line) = lines.last_mut() {
                line.push_str(if used == 0 { "" } else { " " });
                line.push_str(&piece);
            }
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn lane(out: &mut String, at: usize, party: &Party, foot: usize) {
    let x = TIMES + at * LANE;
    let fill = if at.is_multiple_of(2) { "#f3f5f7" } else { "#fff" };
    *out += &format!(
        "<rect x=\"{x}\" y=\"66\" width=\"{LANE}\" height=\"{}\" fill=\"{fill}\" stroke=\"#c4c9cf\"/>",
        foot - 60
    );
    for (line, words) in wrapped(party.title()).iter().take(2).enumerate() {
        text(out, (x + 12, 84 + line * LINE), "s", words);
    }
    if party.name.is_some() {
        let below = wrapped(party.title()).len().min(2);
        text(out, (x + 12, 84 + below * LINE), "q", &format!("GLN {}", party.id));
    }
}

/// The line of the object from step to step: a tube for each container it is in, dashed where it is unknown.
fn lines(out: &mut String, custody: &Custody, rows: &[Row<'_>]) {
    let steps: Vec<(&Row<'_>, usize, &Step)> = rows
        .iter()
        .filter_map(|row| match row.content {
            Content::Step(at, step) => Some((row, at, step)),
            Content::Gap => None,
        })
        .collect();
    for pair in steps.windows(2) {
        let [(from, _, step), (to, at, _)] = pair else { continue };
        let (x, y, to_x, to_y) = (from.x() + NODE, from.y(), to.x() + NODE, to.y());
        let turn = to.top.saturating_sub(4);
        let path = match x == to_x {
            true => format!("M{x} {y}V{to_y}"),
            false => format!("M{x} {y}V{turn}H{to_x}V{to_y}"),
        };
        for level in (1..=step.within.len().min(3)).rev() {
            let (outer, inner) = (level * 8 + 4, level * 8 + 1);
            for (color, width) in [("#555", outer), ("#fff", inner)] {
                *out += &format!(
                    "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>"
                );
            }
        }
        let broken = custody.gaps.iter().any(|gap| gap.before == Some(*at) && gap.after.is_some());
        let dashes = if broken { " stroke-dasharray=\"3 6\"" } else { "" };
        let arrow = if x == to_x { "" } else { " marker-end=\"url(#end)\"" };
        *out += &format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"#1a1a1a\" stroke-width=\"3\"{dashes}{arrow}/>"
        );
    }
}

/// A step: when, its node by how we know it, what happened, how we know, and the document it leads to.
fn node(out: &mut String, row: &Row<'_>, step: &Step, label: &str) {
    let (x, y) = (row.x() + NODE, row.y());
    let (time, offset) = local_time(step);
    text(out, (16, y + 4), "s", &time);
    text(out, (16, y + 4 + LINE), "q", &format!("UTC{offset}"));
    let document = step.documents.first().copied().unwrap_or_default();
    *out += &format!("<a href=\"{}\"><title>{}</title>", document_path(document), XmlText(label));
    *out += &match step.how {
        How::Scanned => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"9\" fill=\"#1a1a1a\"/>"),
        How::Inferred => {
            format!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"8\" fill=\"#fff\" stroke=\"#1a1a1a\" stroke-width=\"3\"/>"
            )
        }
        How::DataOnly => format!(
            "<rect x=\"{}\" y=\"{}\" width=\"16\" height=\"16\" fill=\"#fff\" stroke=\"#1a1a1a\" stroke-width=\"2\" \
             stroke-dasharray=\"3 2\"/>",
            x - 8,
            y - 8
        ),
    };
    let below = y + 4 + row.lines.len() * LINE;
    text(out, (row.x() + TEXT, below + LINE), "", "document as received");
    *out += "</a>";
    let class = if step.wrong.is_some() { "s w" } else { "s" };
    for (line, words) in row.lines.iter().enumerate() {
        text(out, (row.x() + TEXT, y + 4 + line * LINE), class, words);
    }
    text(out, (row.x() + TEXT, below), "q", known(step));
}

fn gap(out: &mut String, row: &Row<'_>) {
    let x = row.x();
    *out += &format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#gap)\" stroke=\"#a00000\" \
         stroke-width=\"2\" stroke-dasharray=\"6 3\"/>",
        x + 10,
        row.top + 2,
        LANE - 20,
        row.height - 16
    );
    *out += &format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#fff\"/>",
        x + TEXT - 8,
        row.top + 6,
        LANE - TEXT - 8,
        row.height - 24
    );
    for (line, words) in row.lines.iter().enumerate() {
        text(out, (x + TEXT, row.y() + line * LINE), "g", words);
    }
}

fn legend(out: &mut String, y: usize) {
    *out += &format!(
        "<circle cx=\"24\" cy=\"{y}\" r=\"7\" fill=\"#1a1a1a\"/>\
         <circle cx=\"124\" cy=\"{y}\" r=\"6\" fill=\"#fff\" stroke=\"#1a1a1a\" stroke-width=\"3\"/>\
         <rect x=\"17\" y=\"{}\" width=\"14\" height=\"14\" fill=\"#fff\" stroke=\"#1a1a1a\" stroke-width=\"2\" \
         stroke-dasharray=\"3 2\"/>\
         <path d=\"M268 {y}H300\" stroke=\"#555\" stroke-width=\"12\"/><path d=\"M268 {y}H300\" stroke=\"#fff\" \
         stroke-width=\"9\"/><path d=\"M268 {y}H300\" stroke=\"#1a1a1a\" stroke-width=\"3\"/>\
         <rect x=\"268\" y=\"{}\" width=\"32\" height=\"14\" fill=\"url(#gap)\" stroke=\"#a00000\"/>",
        y + 19,
        y + 19
    );
    text(out, (38, y + 4), "q", "scanned");
    text(out, (138, y + 4), "q", "inferred");
    text(out, (38, y + 30), "q", "data only, told by another party");
    text(out, (308, y + 4), "q", "in a container");
    text(out, (308, y + 30), "q", "gap");
}

fn text(out: &mut String, (x, y): (usize, usize), class: &str, words: &str) {
    *out += &format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", XmlText(words));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_and_cut() {
        assert_eq!(
            wrapped("shipped to Brightwater Drug Wholesale, inside SSCC 003529990000000178"),
            ["shipped to Brightwater Drug", "Wholesale, inside SSCC", "003529990000000178",]
        );
        assert_eq!(wrapped(&"x".repeat(70)).iter().map(String::len).collect::<Vec<_>>(), [31, 31, 8]);
        assert_eq!(wrapped(&"word ".repeat(60)).len(), MOST_LINES);
        assert_eq!(wrapped(""), [""]);
    }
}
