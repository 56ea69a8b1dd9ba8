//! Reads PDG's exception messages; what a sender plainly means is taken.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use crate::dscsa::CaseItem;
use crate::dscsa::Goods;
use crate::dscsa::Observation;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::FollowUp;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Report;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Response;
use crate::dscsa::exception::Trouble;
use crate::formats::exception_report::DATA_MISALIGNMENT;
use crate::formats::exception_report::Field;
use crate::formats::exception_report::MISSING_PRODUCT;
use crate::formats::exception_report::MISSING_PRODUCT_DATA;
use crate::formats::exception_report::Message;
use crate::formats::exception_report::MessageFault;
use crate::formats::exception_report::OVERAGES;
use crate::formats::exception_report::UNDERAGES;

/// How many items one message may have.
const MOST_ITEMS: usize = 10_000;

/// How many characters an identifier may have.
const LONGEST_IDENTIFIER: usize = 100;

/// Reads a report or a response. Members that nobody knows are passed over; null is as good as absent.
pub fn read(json: &[u8]) -> Result<Message, MessageFault> {
    let value: Value = serde_json::from_slice(json).map_err(|error| MessageFault {
        path: "/".to_owned(),
        message: format!("the message is not JSON: {error}"),
        fix: "send one JSON object".to_owned(),
    })?;
    let root = Field::root(&value);
    if !value.is_object() {
        return Err(root.fault("the message is not an object", "send one JSON object"));
    }
    let is_response = value.get("response_items").is_some()
        || (value.get("exceptions").is_none() && value.get("case_resolved").is_none());
    match is_response {
        true => response(&root).map(Message::Response),
        false => report(&root).map(Message::Report),
    }
}

fn report(root: &Field<'_>) -> Result<Report, MessageFault> {
    let case = identifier(root, "exception_case_uuid")?;
    let mut items = Vec::new();
    if let Some(exceptions) = root.member("exceptions") {
        for (key, kind) in [
            (MISSING_PRODUCT_DATA, ItemKind::MissingProductData),
            (MISSING_PRODUCT, ItemKind::MissingProduct),
            (DATA_MISALIGNMENT, ItemKind::DataMisalignment),
            (OVERAGES, ItemKind::Overage),
            (UNDERAGES, ItemKind::Underage),
        ] {
            let found = exceptions.elements(key)?;
            items.extend(found.iter().map(|field| goods_item(kind, field)).collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(errors) = exceptions.member("master_data_errors") {
            for (key, kind) in [("gln_errors", ItemKind::GlnError), ("gtin_errors", ItemKind::GtinError)] {
                let found = errors.elements(key)?;
                items.extend(found.iter().map(|field| key_item(kind, field)).collect::<Result<Vec<_>, _>>()?);
            }
        }
    }
    for other in root.elements("other_errors")? {
        items.push(other_item(&case, &other.text()?));
    }
    if items.len() > MOST_ITEMS {
        let message = format!("the message has {} items", items.len());
        return Err(root.fault(message, format!("send at most {MOST_ITEMS} items in one message")));
    }
    Ok(Report {
        message: identifier(root, "message_uuid")?,
        case,
        sent_at: time(root)?,
        order: root.optional_text("po_number")?.unwrap_or_default(),
        sender: contact(root)?,
        items,
        resolved: root.member("case_resolved").map(|told| told.truth()).transpose()?.unwrap_or(false),
    })
}

fn response(root: &Field<'_>) -> Result<Response, MessageFault> {
    let mut answers = Vec::new();
    for field in root.elements("response_items")? {
        answers.push((identifier(&field, "exception_item_uuid")?, answer(&field)?));
    }
    Ok(Response {
        message: identifier(root, "message_uuid")?,
        case: identifier(root, "exception_case_uuid")?,
        sent_at: time(root)?,
        order: root.optional_text("po_number")?.unwrap_or_default(),
        sender: contact(root)?,
        answers,
        notes: root.optional_text("additional_notes")?,
    })
}

fn answer(field: &Field<'_>) -> Result<Answer, MessageFault> {
    let accepts = |word: &str| match word {
        _ if word.eq_ignore_ascii_case("accept") => Some(true),
        _ if word.eq_ignore_ascii_case("reject") => Some(false),
        _ => None,
    };
    let told = field.needed("resolution_response")?;
    let accepted = field.word("resolution_response", accepts, &["Accept", "Reject"])?;
    let mut answer = Answer {
        accepted: accepted.ok_or_else(|| told.fault("this is empty", "write Accept or Reject"))?,
        comments: field.optional_text("comments")?,
        ..Answer::default()
    };
    if let Some(other) = field.member("alternative_resolution") {
        answer.alternative = resolution(&other, "alternative_resolution")?;
        let words: Vec<&str> = FollowUp::ALL.iter().map(|word| word.as_str()).collect();
        answer.follow_up = other.word("follow_up", FollowUp::parse, &words)?;
        answer.follow_up_details = other.optional_text("follow_up_details")?;
    }
    Ok(answer)
}

fn goods_item(kind: ItemKind, field: &Field<'_>) -> Result<CaseItem, MessageFault> {
    let mut trouble = Trouble::new(kind, "");
    match kind {
        ItemKind::Overage | ItemKind::Underage => {
            trouble.goods.gtin = field.needed_text("gtin")?;
            let (ordered, received) =
                (field.needed("quantity_ordered")?.count()?, field.needed("quantity_received")?.count()?);
            (trouble.ordered, trouble.received) = (Some(ordered), Some(received));
            trouble.what =
                format!("{ordered} of {} were ordered or advised, {received} arrived", trouble.goods);
        }
        ItemKind::DataMisalignment => {
            trouble.goods = goods(field, "received_product")?;
            trouble.data = goods(field, "product_data")?;
            trouble.what = format!("the label says {}, the data say {}", trouble.goods, trouble.data);
        }
        ItemKind::MissingProduct => {
            trouble.goods = goods(field, "product")?;
            trouble.data = trouble.goods.clone();
            trouble.file = field.optional_text("file_id")?.unwrap_or_default();
            trouble.what = format!("the data list {}, but it did not arrive", trouble.goods);
        }
        _ => {
            trouble.goods = goods(field, "product")?;
            let words: Vec<&str> = Observation::ALL.iter().map(|word| word.as_str()).collect();
            let source = field.word("observation_source", Observation::parse, &words)?;
            trouble.source = source.unwrap_or(Observation::Other);
            trouble.what = format!("{} arrived, but no data came for it", trouble.goods);
        }
    }
    item(field, trouble)
}

fn key_item(kind: ItemKind, field: &Field<'_>) -> Result<CaseItem, MessageFault> {
    let name = if kind == ItemKind::GlnError { "gln" } else { "gtin" };
    let wrong = field.needed_text(&format!("invalid_{name}"))?;
    let proposed = field.optional_text(&format!("proposed_{name}"))?;
    let instead = proposed.as_ref().map(|proposed| format!("; it should be {proposed}")).unwrap_or_default();
    let what = format!("the {} {wrong} is not known or wrong{instead}", name.to_uppercase());
    item(field, Trouble::new(kind, what).with_wrong(&wrong, proposed.as_deref()))
}

/// An item without an identifier on the wire: the same text in the same case is the same item. A group before a colon is
/// taken as such.
fn other_item(case: &str, text: &str) -> CaseItem {
    let group = text.split_once(": ").and_then(|(group, rest)| Some((Group::parse_loosely(group)?, rest)));
    let (group, what) = group.unwrap_or((Group::DataIssue, text));
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:epcgate:item:{case}:{text}").as_bytes());
    CaseItem {
        id: id.to_string(),
        trouble: Trouble { group, ..Trouble::new(ItemKind::Other, what) },
        finding: None,
        request: Resolution::SendNewData,
        answer: None,
        settled: None,
    }
}

fn item(field: &Field<'_>, trouble: Trouble) -> Result<CaseItem, MessageFault> {
    let asked = resolution(field, "resolution_request")?;
    Ok(CaseItem {
        id: identifier(field, "exception_item_uuid")?,
        request: asked.unwrap_or(trouble.kind.usual_request()),
        trouble,
        finding: None,
        answer: None,
        settled: None,
    })
}

fn resolution(field: &Field<'_>, name: &str) -> Result<Option<Resolution>, MessageFault> {
    let words: Vec<&str> = Resolution::ALL.iter().map(|word| word.as_str()).collect();
    field.word(name, Resolution::parse_loosely, &words)
}

fn goods(field: &Field<'_>, prefix: &str) -> Result<Goods, MessageFault> {
    let text = |name: &str| field.optional_text(&format!("{prefix}_{name}"));
    Ok(Goods {
        gtin: text("gtin")?.unwrap_or_default(),
        serial: text("serial")?,
        lot: text("lot")?,
        expiry: text("expiry")?.map(|expiry| date(&expiry)),
    })
}

/// A date of eight digits with the year first or, as PDG's examples have it, month, day and year; else as sent.
fn date(sent: &str) -> String {
    let digits = sent.len() == 8 && sent.bytes().all(|byte| byte.is_ascii_digit());
    let known = ["%Y%m%d", "%m%d%Y"].into_iter().find_map(|form| {
        let date = NaiveDate::parse_from_str(sent, form).ok().filter(|_| digits)?;
        (1990..2100).contains(&chrono::Datelike::year(&date)).then_some(date)
    });
    known.map_or_else(|| sent.to_owned(), |date| date.to_string())
}

fn contact(root: &Field<'_>) -> Result<Contact, MessageFault> {
    let Some(sender) = root.member("sender_information") else { return Ok(Contact::default()) };
    Ok(Contact {
        name: String::new(),
        gln: sender.optional_text("gln")?,
        email: sender.optional_text("email")?.unwrap_or_default(),
        phone: sender.optional_text("phone")?,
        credential: sender.optional_text("vp")?,
    })
}

fn time(root: &Field<'_>) -> Result<DateTime<Utc>, MessageFault> {
    let field = root.needed("timestamp")?;
    let told = match field.value() {
        Value::String(text) => DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok(),
        _ => None,
    };
    let seconds = || DateTime::from_timestamp_secs(i64::try_from(field.count().ok()?).ok()?);
    told.or_else(seconds)
        .ok_or_else(|| field.fault("this is not a time", "write the seconds since 1970 as a whole number"))
}

fn identifier(field: &Field<'_>, name: &str) -> Result<String, MessageFault> {
    let text = field.needed_text(name)?;
    if text.is_empty() || text.len() > LONGEST_IDENTIFIER || text.chars().any(char::is_control) {
        let member = field.needed(name)?;
        return Err(member.fault("this is not an identifier", "write a UUID"));
    }
    Ok(text)
}
