//! What is wrong with an item, and the answer to it, as JSON with the names of their fields.

use serde_json::Map;
use serde_json::Value;

use crate::dscsa::Goods;
use crate::dscsa::Observation;
use crate::dscsa::exception::Answer;
use crate::dscsa::exception::FollowUp;
use crate::dscsa::exception::Group;
use crate::dscsa::exception::ItemKind;
use crate::dscsa::exception::Resolution;
use crate::dscsa::exception::Trouble;

/// The JSON of trouble; its kind and group have columns of their own.
pub(super) fn encode_trouble(trouble: &Trouble) -> String {
    let mut object = Map::new();
    for (name, goods) in [("goods", &trouble.goods), ("data", &trouble.data)] {
        object.insert(name.to_owned(), encode_goods(goods));
    }
    for (name, number) in [("ordered", trouble.ordered), ("received", trouble.received)] {
        object.extend(number.map(|number| (name.to_owned(), Value::from(number))));
    }
    for (name, text) in [
        ("source", trouble.source.as_str()),
        ("file", &trouble.file),
        ("wrong", &trouble.wrong),
        ("what", &trouble.what),
    ] {
        object.insert(name.to_owned(), Value::from(text));
    }
    object.extend(trouble.proposed.as_deref().map(|text| ("proposed".to_owned(), Value::from(text))));
    Value::Object(object).to_string()
}

/// Reads what [`encode_trouble`] writes; `None` where it is not ours.
pub(super) fn decode_trouble(kind: ItemKind, group: Group, json: &str) -> Option<Trouble> {
    let value: Value = serde_json::from_str(json).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    Some(Trouble {
        kind,
        group,
        goods: decode_goods(value.get("goods")?),
        data: decode_goods(value.get("data")?),
        ordered: number("ordered"),
        received: number("received"),
        source: Observation::parse(&text("source")?)?,
        file: text("file")?,
        wrong: text("wrong")?,
        proposed: text("proposed"),
        what: text("what")?,
    })
}

fn encode_goods(goods: &Goods) -> Value {
    let mut object = Map::new();
    let known = [
        ("gtin", Some(&goods.gtin)),
        ("serial", goods.serial.as_ref()),
        ("lot", goods.lot.as_ref()),
        ("expiry", goods.expiry.as_ref()),
    ];
    object.extend(known.iter().filter_map(|(name, text)| {
        let text = (*text)?;
        Some(((*name).to_owned(), Value::from(text.as_str())))
    }));
    Value::Object(object)
}

fn decode_goods(value: &Value) -> Goods {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Goods {
        gtin: text("gtin").unwrap_or_default(),
        serial: text("serial"),
        lot: text("lot"),
        expiry: text("expiry"),
    }
}

/// The JSON of an answer; nothing where there is none.
pub(super) fn encode_answer(answer: Option<&Answer>) -> String {
    let Some(answer) = answer else { return String::new() };
    let mut object = Map::new();
    object.insert("accepted".to_owned(), Value::from(answer.accepted));
    let texts = [
        ("comments", answer.comments.as_deref()),
        ("alternative", answer.alternative.map(Resolution::as_str)),
        ("followUp", answer.follow_up.map(FollowUp::as_str)),
        ("followUpDetails", answer.follow_up_details.as_deref()),
    ];
    object.extend(texts.iter().filter_map(|(name, text)| Some(((*name).to_owned(), Value::from((*text)?)))));
    Value::Object(object).to_string()
}

/// Reads what [`encode_answer`] writes; `None` for nothing.
pub(super) fn decode_answer(json: &str) -> Option<Answer> {
    let value: Value = serde_json::from_str(json).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    Some(Answer {
        accepted: value.get("accepted")?.as_bool()?,
        comments: text("comments").map(str::to_owned),
        alternative: text("alternative").and_then(Resolution::parse),
        follow_up: text("followUp").and_then(FollowUp::parse),
        follow_up_details: text("followUpDetails").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Difference;

    #[test]
    fn trouble_and_answers_come_back() {
        let unit = Goods::unit("00300010123455", "7").of_lot(Some("A1"), Some("2027-01-31"));
        for difference in [
            Difference::Misaligned { data: unit.clone(), label: Goods::unit("00300010123455", "7") },
            Difference::Quantity { gtin: "00300010123455".to_owned(), ordered: 2, received: 3 },
            Difference::WrongPlace { gln: "1".to_owned(), proposed: Some("2".to_owned()) },
            Difference::MissingData(unit, Observation::PackingSlip),
        ] {
            let trouble = Trouble::of(&difference, "file \"1\"");
            let back = decode_trouble(trouble.kind, trouble.group, &encode_trouble(&trouble));
            assert_eq!(back, Some(trouble));
        }
        let answer = Answer {
            accepted: false,
            comments: Some("no".to_owned()),
            alternative: Some(Resolution::CreditAccount),
            follow_up: Some(FollowUp::Phone),
            follow_up_details: None,
        };
        for answer in [None, Some(Answer::default()), Some(answer)] {
            assert_eq!(decode_answer(&encode_answer(answer.as_ref())), answer);
        }
    }
}
