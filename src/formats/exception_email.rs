//! The plain-language e-mail about a case: what is wrong, what kind of problem it is, who must act, and by when.

use std::fmt::Write;

use crate::dscsa::CaseItem;
use crate::dscsa::ExceptionCase;
use crate::dscsa::exception::Contact;
use crate::dscsa::exception::Side;

/// Items that are written out; of the others only the number is.
const MOST_ITEMS: usize = 50;

/// An e-mail, without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The subject, one line.
    pub subject: String,
    /// The text, lines ended by a line feed.
    pub body: String,
}

impl Email {
    /// The subject as a header line, an empty line, and the text.
    pub fn text(&self) -> String {
        format!("Subject: {}\n\n{}", self.subject, self.body)
    }
}

/// What an e-mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Tells the partner what is wrong.
    Notice,
    /// Answers what the partner told us.
    Answer,
    /// Says that everything is settled.
    End,
}

/// Writes the e-mail to the partner of a case.
pub fn email(case: &ExceptionCase, letter: Letter, from: &Contact) -> Email {
    let number = case.items.len() as u64 + case.unlisted;
    let things = if number == 1 { "1 item".to_owned() } else { format!("{number} items") };
    let name = case.delivery.name();
    let subject = match letter {
        Letter::Notice => format!("Action needed: {} with {name} ({things})", case.problem()),
        Letter::Answer => format!("Our answer: {} with {name} ({things})", case.problem()),
        Letter::End => format!("Settled: {name} ({things})"),
    };
    let mut body = String::new();
    match letter {
        Letter::Notice => notice(&mut body, case),
        Letter::Answer => answer(&mut body, case),
        Letter::End => end(&mut body, case),
    }
    signature(&mut body, case, from);
    Email { subject: one_line(&subject), body }
}

fn notice(body: &mut String, case: &ExceptionCase) {
    let goods = match case.problem() {
        "data problem" => {
            "This is a DATA problem: the goods themselves are not in question, but the data must be mended before we \
             may use or sell them."
        }
        "product problem" => {
            "This is a PRODUCT problem: your data are readable, but the goods are not what they say or may not be used."
        }
        _ => "There are DATA problems and PRODUCT problems; each line says which.",
    };
    line(body, "Hello,");
    line(body, "");
    line(body, &format!("something is wrong with {}.", case.delivery.name()));
    line(body, goods);
    line(body, "");
    let due = case.answer_by.map(|due| format!(" Please answer by {} (UTC).", due.format("%d %B %Y, %H:%M")));
    line(body, &format!("You must act: please do what is asked for below.{}", due.unwrap_or_default()));
    line(body, "");
    for (number, item) in (1..).zip(case.open_items().take(MOST_ITEMS)) {
        line(body, &format!("{number}. {}", describe(item)));
        line(body, &format!("   We ask you: {}.", item.request.as_str()));
    }
    more(body, case.open_items().count() as u64 + case.unlisted);
    line(body, "");
    line(body, "We keep the goods concerned aside until this is settled. This message does not mean that we");
    line(body, "hold them for counterfeit; it only asks you to explain or mend what differs.");
}

fn answer(body: &mut String, case: &ExceptionCase) {
    line(body, "Hello,");
    line(body, "");
    line(body, &format!("you told us that something is wrong with {}. Our answer:", case.delivery.name()));
    line(body, "");
    for (number, item) in (1..).zip(case.items.iter().take(MOST_ITEMS)) {
        line(body, &format!("{number}. {}", describe(item)));
        line(body, &format!("   You asked: {}.", item.request.as_str()));
        line(body, &format!("   We say: {}.", answered(item)));
    }
    more(body, case.items.len() as u64 + case.unlisted);
}

fn end(body: &mut String, case: &ExceptionCase) {
    line(body, "Hello,");
    line(body, "");
    line(body, &format!("everything about {} is settled. You need do nothing more.", case.delivery.name()));
    if !case.reason.is_empty() {
        line(body, &format!("Why: {}.", case.reason.trim_end_matches('.')));
    }
}

/// The group, what kind of problem that is, and what is wrong.
fn describe(item: &CaseItem) -> String {
    let kind = if item.trouble.group.is_about_product() { "product problem" } else { "data problem" };
    format!("{} ({kind}): {}.", item.trouble.group.as_str(), item.trouble.what.trim_end_matches('.'))
}

fn answered(item: &CaseItem) -> String {
    let Some(answer) = &item.answer else { return "we are still looking into it".to_owned() };
    let mut text = if answer.accepted { "accepted" } else { "not accepted" }.to_owned();
    if let Some(alternative) = answer.alternative {
        let _ = write!(text, "; we offer instead: {}", alternative.as_str());
    }
    if let Some(comments) = &answer.comments {
        let _ = write!(text, " ({})", comments.trim_end_matches('.'));
    }
    if let (Some(follow_up), Some(details)) = (answer.follow_up, &answer.follow_up_details) {
        let _ = write!(text, "; {}: {details}", follow_up.as_str());
    }
    text
}

fn more(body: &mut String, number: u64) {
    if number > MOST_ITEMS as u64 {
        line(body, &format!("and {} more items of this delivery.", number - MOST_ITEMS as u64));
    }
}

fn signature(body: &mut String, case: &ExceptionCase, from: &Contact) {
    let partner = if case.side == Side::Ours { "Supplier" } else { "Customer" };
    line(body, "");
    line(body, &format!("Case: {}", case.id));
    line(body, "(please keep this number in your answer)");
    for (name, value) in [
        ("Purchase order", case.delivery.order.as_str()),
        ("Delivery", case.delivery.advice.as_str()),
        (partner, case.delivery.partner.as_str()),
    ] {
        if !value.is_empty() {
            line(body, &format!("{name}: {value}"));
        }
    }
    line(body, "");
    for value in
        [Some(&from.name), from.gln.as_ref(), Some(&from.email), from.phone.as_ref()].into_iter().flatten()
    {
        if !value.is_empty() {
            line(body, value);
        }
    }
}

fn line(body: &mut String, text: &str) {
    body.push_str(&one_line(text));
    body.push('\n');
}

/// What partners send must not begin new lines or headers.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::CaseState;
    use crate::dscsa::Delivery;
    use crate::dscsa::Difference;
    use crate::dscsa::Goods;
    use crate::dscsa::exception::Answer;
    use crate::dscsa::exception::Trouble;

    fn case(differences: &[Difference]) -> ExceptionCase {
        let items = differences.iter().map(|difference| {
            let trouble = Trouble::of(difference, "");
            let request = trouble.kind.usual_request();
            CaseItem { id: String::new(), trouble, finding: None, request, answer: None, settled: None }
        });
        ExceptionCase {
            id: "c-1".to_owned(),
            side: Side::Ours,
            delivery: Delivery {
                partner: "0300011111215".to_owned(),
                order: "PO1\nBcc: x".to_owned(),
                advice: "D1".to_owned(),
            },
            document: None,
            state: CaseState::Open,
            opened_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            notify_by: None,
            answer_by: Some("2026-11-25T10:00:00Z".parse().unwrap()),
            closed_at: None,
            reason: String::new(),
            unlisted: 0,
            items: items.collect(),
        }
    }

    #[test]
    fn a_notice_says_what_who_and_by_when() {
        let email = email(
            &case(&[Difference::Short(Goods::unit("00300010123455", "7"))]),
            Letter::Notice,
            &Contact::default(),
        );
        assert_eq!(
            email.subject,
            "Action needed: product problem with order PO1 Bcc: x, delivery D1 (1 item)"
        );
        for part in [
            "PRODUCT problem",
            "You must act",
            "Please answer by 25 November 2026, 10:00 (UTC).",
            "1. Data No Product (product problem): the data list GTIN 00300010123455, serial 7, but it did not arrive.",
            "We ask you: Send product.",
            "Case: c-1",
            "Supplier: 0300011111215",
        ] {
            assert!(email.body.contains(part), "{part}\n{}", email.body);
        }
        assert!(!email.text().contains("\nBcc"));
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let many: Vec<Difference> =
            (0..60).map(|n| Difference::Over(Goods::unit("1", &n.to_string()))).collect();
        let email = email(&case(&many), Letter::Notice, &Contact::default());
        assert!(email.body.contains("and 10 more items"), "{}", email.body);
        assert!(email.subject.contains("data problem"), "{}", email.subject);
    }

    #[test]
    fn an_answer_says_what_is_accepted() {
        let mut case = case(&[Difference::Short(Goods::unit("1", "7"))]);
        case.side = Side::Theirs;
        case.items[0].answer = Some(Answer {
            comments: Some("it was never packed".to_owned()),
            alternative: Some(crate::dscsa::exception::Resolution::CreditAccount),
            ..Answer::default()
        });
        let body = email(&case, Letter::Answer, &Contact::default()).body;
        assert!(
            body.contains("We say: not accepted; we offer instead: Credit account (it was never packed)."),
            "{body}"
        );
    }
}
