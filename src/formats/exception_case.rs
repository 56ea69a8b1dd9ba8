//! Exception cases in JSON, as `/api/v1` and the command line show them, and what these are asked for.

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dscsa::CaseItem;
use crate::dscsa::ExceptionCase;
use crate::dscsa::Goods;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::FollowUp;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::StepRecord;

/// A case.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseForm {
    /// Its identifier, the same on both sides.
    pub id: String,
    /// `ours`: we received, and the partner is asked. `theirs`: the partner asks us.
    pub side: String,
    /// The partner's GLN, or as it names itself.
    pub partner: String,
    /// The number of the purchase order.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// The number of the despatch advice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// The store's number of the document it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<i64>,
    /// `open`, `notified`, `answered`, `corrected`, `rematched` or `closed`.
    pub state: String,
    /// The state in words.
    pub meaning: String,
    /// `data problem`, `product problem` or both.
    pub problem: String,
    /// Who has to do what next.
    pub next: String,
    /// True where a clock has run out.
    pub late: bool,
    /// When it was opened.
    pub opened_at: String,
    /// When the partner is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_by: Option<String>,
    /// When an answer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<String>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
    /// Why it was closed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// HDA's groups of its items.
    pub groups: Vec<String>,
    /// How many more things are wrong than are listed.
    pub unlisted: u64,
    /// What is wrong.
    pub items: Vec<ItemForm>,
}

/// An item of a case.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemForm {
    /// Its identifier, the same on both sides.
    pub id: String,
    /// HDA's group.
    pub group: String,
    /// The kind, such as `missing-product`.
    pub kind: String,
    /// What is wrong, in words.
    pub what: String,
    /// The goods concerned, as their label says.
    pub goods: GoodsForm,
    /// The same as the data say, where that differs.
    #[serde(skip_serializing_if = "GoodsForm::is_empty")]
    pub data: GoodsForm,
    /// Units ordered or advised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<u64>,
    /// Units received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
    /// The finding it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// What is asked for, in PDG's words.
    pub request: String,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerForm>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledForm>,
}

/// Goods by what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct GoodsForm {
    /// GTIN-14.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gtin: String,
    /// Serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Lot number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Expiry date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
}

impl GoodsForm {
    fn is_empty(&self) -> bool {
        *self == GoodsForm::default()
    }
}

/// An answer to an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerForm {
    /// The item; left out where the answer stands in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// True where what was asked for is accepted.
    pub accepted: bool,
    /// What is said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// What is offered instead, in PDG's words such as `Credit account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative: Option<String>,
    /// `Email` or `Phone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<String>,
    /// The address or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up_details: Option<String>,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SettledForm {
    /// When.
    pub at: String,
    /// The document that corrects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<i64>,
    /// The corrective event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Why.
    pub why: String,
}

/// A step of a case.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StepForm {
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// What.
    pub step: String,
    /// The state before.
    pub before: String,
    /// The state after.
    pub after: String,
    /// The item concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Why, or what was written.
    pub why: String,
}

/// What notifying the partner is asked with.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyRequest {
    /// Who does it.
    pub by: Option<String>,
    /// What is asked for, item by item.
    pub requests: Vec<ResolutionRequest>,
}

/// What is asked for about one item.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionRequest {
    /// The item.
    pub item: String,
    /// In PDG's words, such as `Send product`.
    pub request: String,
}

/// What answering a partner's report is asked with.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RespondRequest {
    /// Who does it.
    pub by: Option<String>,
    /// The answer to every item that has none of its own.
    pub all: Option<AnswerForm>,
    /// Answers item by item.
    pub answers: Vec<AnswerForm>,
    /// What is said besides.
    pub notes: Option<String>,
}

/// What writing a note is asked with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    /// Who writes it.
    #[serde(default)]
    pub by: Option<String>,
    /// The note.
    pub text: String,
}

/// What closing a case is asked with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    /// Who closes it.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    pub reason: String,
}

/// A time as all answers write it.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl CaseForm {
    /// A case as it stands now.
    pub fn of(case: &ExceptionCase, now: DateTime<Utc>) -> CaseForm {
        CaseForm {
            id: case.id.clone(),
            side: case.side.as_str().to_owned(),
            partner: case.delivery.partner.clone(),
            order: case.delivery.order.clone(),
            advice: case.delivery.advice.clone(),
            document: case.document,
            state: case.state.as_str().to_owned(),
            meaning: case.state.words().to_owned(),
            problem: case.problem().to_owned(),
            next: case.next_act().to_owned(),
            late: case.is_late(now),
            opened_at: time(case.opened_at),
            notify_by: case.notify_by.map(time),
            answer_by: case.answer_by.map(time),
            closed_at: case.closed_at.map(time),
            reason: case.reason.clone(),
            groups: case.groups().into_iter().map(|group: Group| group.as_str().to_owned()).collect(),
            unlisted: case.unlisted,
            items: case.items.iter().map(ItemForm::from).collect(),
        }
    }
}

impl From<&CaseItem> for ItemForm {
    fn from(item: &CaseItem) -> ItemForm {
        let trouble = &item.trouble;
        ItemForm {
            id: item.id.clone(),
            group: trouble.group.as_str().to_owned(),
            kind: trouble.kind.as_str().to_owned(),
            what: trouble.what.clone(),
            goods: GoodsForm::from(&trouble.goods),
            data: GoodsForm::from(&trouble.data),
            ordered: trouble.ordered,
            received: trouble.received,
            finding: item.finding.clone(),
            request: item.request.as_str().to_owned(),
            answer: item.answer.as_ref().map(AnswerForm::from),
            settled: item.settled.as_ref().map(|end| SettledForm {
                at: time(end.at),
                document: end.document,
                event: end.event.clone(),
                why: end.why.clone(),
            }),
        }
    }
}

impl From<&Goods> for GoodsForm {
    fn from(goods: &Goods) -> GoodsForm {
        GoodsForm {
            gtin: goods.gtin.clone(),
            serial: goods.serial.clone(),
            lot: goods.lot.clone(),
            expiry: goods.expiry.clone(),
        }
    }
}

impl From<&Answer> for AnswerForm {
    fn from(answer: &Answer) -> AnswerForm {
        AnswerForm {
            item: None,
            accepted: answer.accepted,
            comments: answer.comments.clone(),
            alternative: answer.alternative.map(|word| word.as_str().to_owned()),
            follow_up: answer.follow_up.map(|word| word.as_str().to_owned()),
            follow_up_details: answer.follow_up_details.clone(),
        }
    }
}

impl From<&StepRecord> for StepForm {
    fn from(step: &StepRecord) -> StepForm {
        StepForm {
            at: time(step.at),
            who: step.who.clone(),
            step: step.step.as_str().to_owned(),
            before: step.before.as_str().to_owned(),
            after: step.after.as_str().to_owned(),
            item: step.item.clone(),
            why: step.why.clone(),
        }
    }
}

impl AnswerForm {
    /// The answer; the error says which word is not known.
    pub fn answer(&self) -> Result<Answer, String> {
        let follow_up = |word: &String| {
            FollowUp::parse(word).ok_or_else(|| format!("followUp {word:?} is not Email or Phone"))
        };
        Ok(Answer {
            accepted: self.accepted,
            comments: self.comments.clone(),
            alternative: self.alternative.as_deref().map(resolution).transpose()?,
            follow_up: self.follow_up.as_ref().map(follow_up).transpose()?,
            follow_up_details: self.follow_up_details.clone(),
        })
    }
}

impl RespondRequest {
    /// The answers with their items; the error says what is missing or not known.
    pub fn answers(&self) -> Result<Vec<(String, Answer)>, String> {
        let one = |form: &AnswerForm| {
            let item = form.item.clone().ok_or("an answer in `answers` needs its `item`")?;
            Ok((item, form.answer()?))
        };
        self.answers.iter().map(one).collect()
    }
}

impl NotifyRequest {
    /// What is asked for, by item; the error says which word is not known.
    pub fn asked(&self) -> Result<Vec<(String, Resolution)>, String> {
        self.requests.iter().map(|asked| Ok((asked.item.clone(), resolution(&asked.request)?))).collect()
    }
}

/// A resolution in PDG's words, in any case.
pub fn resolution(word: &str) -> Result<Resolution, String> {
    Resolution::parse_loosely(word).ok_or_else(|| {
        let known: Vec<&str> = Resolution::ALL.iter().map(|word| word.as_str()).collect();
        format!("{word:?} is none of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_unknown_words_named() {
        let asked: RespondRequest = serde_json::from_str(
            "{\"all\":{\"accepted\":true},\"answers\":[{\"item\":\"i\",\"accepted\":false,\"alternative\":\"credit account\"}]}",
        )
        .unwrap();
        let answers = asked.answers().unwrap();
        assert_eq!(answers[0].1.alternative, Some(Resolution::CreditAccount));
        assert!(resolution("pay").unwrap_err().contains("Credit account"));
        assert!(serde_json::from_str::<NoteRequest>("{\"txt\":\"\"}").is_err());
    }
}
