//! Receipts that we give (message disposition notifications, RFC 4130, section 7; RFC 8098).

use chrono::DateTime;
use chrono::Utc;

use crate::transport::as2::Answer;
use crate::transport::as2::As2Error;
use crate::transport::as2::Identity;
use crate::transport::as2::Settings;
use crate::transport::as2::message::common_fields;
use crate::transport::as2::message::wrap;
use crate::transport::as2::mime::head;
use crate::transport::as2::signed::sign;

/// A message as HTTP carries it: its header fields, then its body.
pub type Message = (Vec<(String, String)>, Vec<u8>);

/// Writes a receipt: header fields and body. It is signed where the answer says so.
pub fn write_receipt(
    answer: &Answer,
    settings: &Settings,
    identity: Option<&Identity>,
    unique: u128,
    now: DateTime<Utc>,
) -> Result<Message, As2Error> {
    let boundary = format!("epcgate-report-{unique:032x}");
    let report_type =
        format!("multipart/report; report-type=disposition-notification; boundary=\"{boundary}\"");
    let body = report(answer, settings, &boundary);
    let (content_type, body) = match (&answer.signed, identity) {
        (Some(digest), Some(identity)) => {
            let content = [head(&[("Content-Type", &report_type)]), body].concat();
            let signature = sign(&content, *digest, identity, now)?;
            wrap(&content, &signature, *digest, unique)
        }
        _ => (report_type, body),
    };
    let mut fields = common_fields(settings, &answer.message_id, now);
    fields.push(("Content-Type".to_owned(), content_type));
    Ok((fields, body))
}

fn report(answer: &Answer, settings: &Settings, boundary: &str) -> Vec<u8> {
    let original = &answer.original_message_id;
    let words: String = answer.words.chars().filter(|letter| !letter.is_control()).collect();
    let name = &settings.our_name;
    let mut report = format!(
        "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {words}\r\n\
         \r\n--{boundary}\r\nContent-Type: message/disposition-notification\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
         Reporting-UA: epcgate/{}\r\n\
         Original-Recipient: rfc822; {name}\r\nFinal-Recipient: rfc822; {name}\r\n\
         Original-Message-ID: <{original}>\r\n\
         Disposition: automatic-action/MDN-sent-automatically; {}\r\n",
        env!("CARGO_PKG_VERSION"),
        answer.disposition,
    );
    if let Some(mic) = &answer.mic {
        let spelling = if answer.spelling.is_empty() { mic.digest.as_str() } else { &answer.spelling };
        report += &format!("Received-Content-MIC: {}, {spelling}\r\n", mic.value);
    }
    report += &format!("\r\n--{boundary}--\r\n");
    report.into_bytes()
}
