//! The rules that documents are checked by: a list for programs, and a page for people, which findings link to.

use actix_web::HttpResponse;
use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::formats::XmlText;
use crate::reconcile::rulebook;
use crate::reconcile::rulebook::Entry;

/// One rule as it is explained; members of which there is nothing to say are left out.
#[derive(Serialize, ToSchema)]
pub struct Rule {
    /// Identifier.
    id: &'static str,
    /// What it is about: `form`, `guideline` or `items`.
    subject: &'static str,
    /// How bad a breach is where nothing else is agreed: `hard`, `business`, `warning`, `note`, or `error`.
    severity: &'static str,
    /// What it asks.
    title: &'static str,
    /// The clause of the law, the guideline or the standard.
    clause: &'static str,
    /// Why it matters.
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'static str,
    /// Who mends it: `sender`, `receiver` or `nobody`.
    mender: &'static str,
    /// How it is mended.
    fix: &'static str,
    /// A piece of a document that breaks it.
    #[serde(skip_serializing_if = "str::is_empty")]
    bad: &'static str,
    /// The same piece as it should be.
    #[serde(skip_serializing_if = "str::is_empty")]
    good: &'static str,
    /// Its page for people.
    page: String,
}

impl From<Entry> for Rule {
    fn from(entry: Entry) -> Rule {
        Rule {
            id: entry.id,
            subject: entry.subject.as_str(),
            severity: entry.severity,
            title: entry.words(),
            clause: entry.clause,
            why: entry.why,
            mender: entry.mender,
            fix: entry.fix,
            bad: entry.bad,
            good: entry.good,
            page: entry.page(),
        }
    }
}

/// Every rule, by subject (`GET /api/v1/rules`).
#[utoipa::path(get, path = "/api/v1/rules", tag = "Operation",
    responses((status = 200, description = "Every rule.", body = Vec<Rule>)))]
pub async fn list() -> HttpResponse {
    HttpResponse::Ok().json(rulebook::rules().map(Rule::from).collect::<Vec<_>>())
}

/// One rule (`GET /api/v1/rules/{id}`).
#[utoipa::path(get, path = "/api/v1/rules/{id}", tag = "Operation",
    params(("id" = String, Path, description = "Identifier of the rule, such as `statement-missing`.")),
    responses((status = 200, description = "The rule.", body = Rule)))]
pub async fn show(id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Rule::from(named(&id)?)))
}

/// The page of all rules (`GET /rules`).
pub async fn index() -> HttpResponse {
    let mut rows = String::new();
    for entry in rulebook::rules() {
        rows += &format!(
            "<tr><td><a href=\"/rules/{id}\">{id}</a></td><td class=\"{severity}\">{severity}</td><td>{title}</td></tr>\n",
            id = XmlText(entry.id),
            severity = entry.severity,
            title = XmlText(entry.words()),
        );
    }
    html("Rules", &format!("<h1>Rules</h1>\n<table>\n{rows}</table>\n"))
}

/// The page of one rule (`GET /rules/{id}`).
pub async fn page(id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let entry = named(&id)?;
    let mut body = format!(
        "<p><a href=\"/rules\">All rules</a></p>\n<h1>{}</h1>\n<p><code>{}</code> <b class=\"{severity}\">{severity}</b></p>\n",
        XmlText(entry.words()),
        XmlText(entry.id),
        severity = entry.severity,
    );
    let who = match entry.mender {
        "sender" => "Whoever sent the data",
        "receiver" => "Whoever received it",
        _ => "Nobody; it is only said",
    };
    for (name, text) in [
        ("Why it matters", entry.why),
        ("Who mends it", who),
        ("How", entry.fix),
        ("Asked for by", entry.clause),
    ] {
        if !text.is_empty() {
            body += &format!("<h2>{name}</h2>\n<p>{}</p>\n", XmlText(text));
        }
    }
    for (name, text) in [("Not so", entry.bad), ("But so", entry.good)] {
        if !text.is_empty() {
            body += &format!("<h2>{name}</h2>\n<pre>{}</pre>\n", XmlText(text));
        }
    }
    Ok(html(entry.words(), &body))
}

fn named(id: &str) -> Result<Entry, Problem> {
    let nothing = || Problem::new(Failure::NoSuchName, "there is no rule of this name; /rules lists them");
    rulebook::rule(id).ok_or_else(nothing)
}

/// A page that needs nothing but itself.
fn html(title: &str, body: &str) -> HttpResponse {
    let style = "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
                 h2{font-size:1rem;margin-bottom:0}p{margin-top:.2rem}td{padding:.1rem .6rem;vertical-align:top}\
                 pre{white-space:pre-wrap;background:#8882;padding:.6rem}.hard,.error{color:#b00020}\
                 .business{color:#a14b00}:root{color-scheme:light dark}";
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{} · epcgate</title><style>{style}</style></head>\n<body>\n{body}</body>\n\
         </html>\n",
        XmlText(title),
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;

    use super::*;

    fn text(answer: HttpResponse) -> String {
        let bytes = answer.into_body().try_into_bytes().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn each_rule_has_a_page_with_its_examples_as_text() {
        for entry in rulebook::rules() {
            let page = text(page(web::Path::from(entry.id.to_owned())).await.unwrap());
            assert!(page.contains(&format!("<code>{}</code>", entry.id)), "{page}");
            assert!(
                !page.contains("<epc>") && !page.contains("<ilmd>") && !page.contains("http://"),
                "{page}"
            );
        }
        assert!(page(web::Path::from("no-such-rule".to_owned())).await.is_err());
    }

    #[actix_web::test]
    async fn the_list_links_to_pages() {
        let rules: serde_json::Value = serde_json::from_str(&text(list().await)).unwrap();
        assert_eq!(rules[0]["page"], "/rules/epc-form");
        assert!(text(index().await).contains("<a href=\"/rules/statement-missing\">"));
    }
}
