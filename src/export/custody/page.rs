//! The page of a chain of custody: the picture, and beneath it the same as a table, for screen readers and for print.

use crate::export::custody::form::document_path;
use crate::export::custody::svg::svg;
use crate::export::custody::words::known;
use crate::export::custody::words::local_time;
use crate::export::custody::words::readable;
use crate::export::custody::words::sentence;
use crate::export::custody::words::summary;
use crate::formats::XmlText;
use crate::gs1::Epc;
use crate::reconcile::custody::Custody;
use crate::reconcile::custody::Party;
use crate::reconcile::custody::Step;

const STYLE: &str = "body{font:16px/1.5 system-ui,'Segoe UI',Roboto,Arial,sans-serif;color:#1a1a1a;background:#fff;margin:1.5rem}\
    .picture{overflow-x:auto}svg{max-width:100%;height:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}\
    caption{text-align:left;font-weight:700;padding:.5rem 0}\
    th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top}\
    tr.gap td{border:2px dashed #a00000;color:#a00000;font-weight:700}tr.wrong td{text-decoration:line-through}\
    a{color:#0b4a8f}@media print{body{margin:0}tr{break-inside:avoid}@page{size:landscape;margin:12mm}}";

/// Writes a chain of custody as an HTML page that needs nothing else.
pub fn page(custody: &Custody) -> String {
    let title = format!("Chain of custody of {}", readable(&custody.epc));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>{0}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><style>{STYLE}</style></head><body>\
         <main><h1>{0}</h1><p>{1}</p>",
        XmlText(&title),
        XmlText(&summary(custody)),
    );
    out += &format!("<div class=\"picture\">{}</div>", svg(custody));
    out += "<table><caption>Every event, in the order of time</caption><thead><tr>";
    for heading in ["When", "What happened", "Who", "Where", "Inside", "How we know", "Document"] {
        out += &format!("<th scope=\"col\">{heading}</th>");
    }
    out += "</tr></thead><tbody>";
    for (at, step) in custody.steps.iter().enumerate() {
        gaps(&mut out, custody, Some(at));
        row(&mut out, custody, step);
    }
    gaps(&mut out, custody, None);
    out + "</tbody></table></main></body></html>\n"
}

fn gaps(out: &mut String, custody: &Custody, before: Option<usize>) {
    for gap in custody.gaps.iter().filter(|gap| gap.before == before) {
        *out += &format!("<tr class=\"gap\"><td colspan=\"7\">Gap: {}</td></tr>", XmlText(&gap.message));
    }
}

fn row(out: &mut String, custody: &Custody, step: &Step) {
    let (time, offset) = local_time(step);
    let party = step.party.and_then(|party| custody.parties.get(party)).map_or("", Party::title);
    let place = step.place.as_ref().map(readable).unwrap_or_default();
    let within: Vec<String> = step.within.iter().map(readable as fn(&Epc) -> String).collect();
    let class = if step.wrong.is_some() { " class=\"wrong\"" } else { "" };
    *out += &format!("<tr{class}>");
    let when = format!("{time} UTC{offset}");
    for cell in [&when, &sentence(custody, step), party, &place, &within.join(" in "), known(step)] {
        *out += &format!("<td>{}</td>", XmlText(cell));
    }
    let links: Vec<String> = step
        .documents
        .iter()
        .map(|document| format!("<a href=\"{}\">{document}</a>", document_path(*document)))
        .collect();
    *out += &format!("<td>{}</td></tr>", links.join(", "));
}
