//! PDG's exception notification (draft 1.0.1), root `exceptionNotification`, as far as its names are publicly known.
//!
//! Known are the version, the credential, the notifying organization, and that there are a notification identifier, an
//! incident identifier that stays the same, and purchase orders. Where other names are uncertain they are marked so below;
//! the reader therefore looks for what it needs under any name that says it.

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::dscsa::CaseItem;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Report;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Trouble;
use crate::formats::exception_report::Field;
use crate::formats::exception_report::MessageFault;

/// The root member.
pub const ROOT: &str = "exceptionNotification";

/// The version of the draft that is written.
const VERSION: &str = "1.0.1";

/// How deep the reader looks for names it needs.
const DEEPEST: usize = 8;

/// The longest description that is kept of a notification.
const LONGEST: usize = 4_000;

/// A notification that says the same as a report. Uncertain names: `notificationId`, `incidentId`, `purchaseOrders`,
/// `notificationTimestamp`, `exceptionDescriptions`.
pub fn write(report: &Report) -> Value {
    let name = Some(&report.sender.name).filter(|name| !name.is_empty());
    let descriptions: Vec<String> = report
        .items
        .iter()
        .map(|item| {
            format!(
                "{}: {}. Asked for: {}.",
                item.trouble.group.as_str(),
                item.trouble.what,
                item.request.as_str()
            )
        })
        .collect();
    json!({
        ROOT: {
            "exceptionNotificationSchemaOrTemplateVersion": VERSION,
            "dscsaCredentialPresentation": report.sender.credential,
            "notifyingOrganizationInformation": {
                "notifyingOrganizationName": name.unwrap_or(&report.sender.email),
                "contactInformation": { "email": report.sender.email, "phone": report.sender.phone },
                "notifyingPartyGLN": report.sender.gln,
            },
            "notificationId": report.message,
            "incidentId": report.case,
            "notificationTimestamp": report.sent_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "purchaseOrders": [report.order],
            "exceptionDescriptions": descriptions,
            "resolved": report.resolved,
        }
    })
}

/// True where a message has this root.
pub fn is_notification(message: &Value) -> bool {
    message.get(ROOT).is_some()
}

/// Reads a notification as the report that it is. What has no known place is kept as text in one item of the kind `other`.
///
/// `now` stands in for a time that it does not say. Fails where it names neither itself nor its incident.
pub fn read(message: &Value, now: chrono::DateTime<chrono::Utc>) -> Result<Report, MessageFault> {
    let root = Field::root(message).needed(ROOT)?;
    let value = root.value();
    let own = find(value, &["notificationid", "notificationidentifier", "messageuuid"]);
    let incident = find(value, &["incidentid", "incidentidentifier", "exceptioncaseuuid"]);
    let Some(id) = own.clone().or_else(|| incident.clone()) else {
        let fix = "name it by `notificationId`, and its incident by `incidentId`";
        return Err(root.fault("the notification has no identifier", fix));
    };
    let case = incident.unwrap_or_else(|| id.clone());
    let time = find(value, &["notificationtimestamp", "timestamp", "notificationdate"]);
    let sent_at = time.and_then(|time| time.parse().ok()).unwrap_or(now);
    let orders = ["purchaseorders", "purchaseorder", "ponumber", "ponumbers", "purchaseordernumber"];
    Ok(Report {
        message: id,
        order: find(value, &orders).unwrap_or_default(),
        sender: Contact {
            name: find(value, &["notifyingorganizationname"]).unwrap_or_default(),
            gln: find(value, &["notifyingpartygln"]),
            email: find(value, &["email", "emailaddress"]).unwrap_or_default(),
            phone: find(value, &["phone", "phonenumber", "telephone"]),
            credential: find(value, &["dscsacredentialpresentation"]),
        },
        items: described(value, &case),
        resolved: find(value, &["resolved", "caseresolved"]).is_some_and(|told| told == "true"),
        case,
        sent_at,
    })
}

fn described(value: &Value, case: &str) -> Vec<CaseItem> {
    let mut texts = Vec::new();
    let known =
        ["exceptiondescriptions", "exceptiondescription", "exceptions", "exceptiondetails", "description"];
    if let Some(found) = find_value(value, &known, DEEPEST) {
        match found {
            Value::Array(parts) => texts.extend(parts.iter().map(plain)),
            part => texts.push(plain(part)),
        }
    }
    texts.iter().filter(|text| !text.is_empty()).map(|text| other(case, text)).collect()
}

fn other(case: &str, text: &str) -> CaseItem {
    let text: String = text.chars().take(LONGEST).collect();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:epcgate:item:{case}:{text}").as_bytes());
    CaseItem {
        id: id.to_string(),
        trouble: Trouble::new(ItemKind::Other, text),
        finding: None,
        request: Resolution::SendNewData,
        answer: None,
        settled: None,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim_end_matches('.').to_owned())
}

/// The first text under one of these names, in lower case and without marks.
fn find(value: &Value, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| find_value(value, &[name], DEEPEST))?;
    let found = found.as_array().map_or(Some(found), |parts| parts.first())?;
    let text = match found {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(_) | Value::Bool(_) => found.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty() && text.len() <= LONGEST)
}

fn find_value<'a>(value: &'a Value, names: &[&str], depth: usize) -> Option<&'a Value> {
    let below = depth.checked_sub(1)?;
    match value {
        Value::Object(members) => {
            let here = members.iter().find(|(name, value)| !value.is_null() && names.contains(&&*bare(name)));
            let deeper = || members.values().find_map(|value| find_value(value, names, below));
            here.map(|(_, value)| value).or_else(deeper)
        }
        Value::Array(parts) => parts.iter().find_map(|value| find_value(value, names, below)),
        _ => None,
    }
}

fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> chrono::DateTime<chrono::Utc> {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_we_write_is_read_with_its_identifiers() {
        let report = Report {
            message: "m".to_owned(),
            case: "c".to_owned(),
            sent_at: now(),
            order: "PO1".to_owned(),
            sender: Contact {
                name: "Clinic".to_owned(),
                gln: Some("0399999999991".to_owned()),
                email: "dock@example.com".to_owned(),
                phone: None,
                credential: None,
            },
            items: vec![other("c", "one unit is missing")],
            resolved: false,
        };
        let back = read(&write(&report), now()).unwrap();
        assert_eq!((&back.message, &back.case, &back.order), (&report.message, &report.case, &report.order));
        assert_eq!(back.sender, report.sender);
        assert!(back.items[0].trouble.what.contains("one unit is missing"), "{:?}", back.items);
    }

    #[test]
    fn other_spellings_and_places_are_found() {
        let message = json!({ROOT: {
            "header": {"Notification_ID": "n-1", "poNumber": 4711},
            "exceptionDetails": {"gtin": "1"},
            "notifyingOrganizationInformation": {"contactInformation": {"emailAddress": "a@example.com"}},
        }});
        let back = read(&message, now()).unwrap();
        assert_eq!((back.message.as_str(), back.case.as_str(), back.order.as_str()), ("n-1", "n-1", "4711"));
        assert_eq!(back.sender.email, "a@example.com");
        assert_eq!(back.items[0].trouble.what, "{\"gtin\":\"1\"}");
        assert!(read(&json!({ROOT: {}}), now()).is_err());
    }
}
