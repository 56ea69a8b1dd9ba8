//! Evidence: what was sent and received, as it is kept with a verification.

/// Bytes of an answer that are kept.
const MOST_ANSWER: usize = 16_384;

/// The evidence of a verification in JSON: the question as sent, the answer as received up to 16 KiB, and what was judged
/// of a credential and came of passing it on (themselves JSON; nothing where they are empty).
pub fn write_evidence(request: &str, answer: &[u8], (credential, onward): (&str, &str)) -> String {
    // An answer is mostly JSON, of which each quotation mark takes two bytes.
    let length = request.len() + answer.len() * 5 / 4 + credential.len() + onward.len() + 96;
    let mut json = Vec::with_capacity(length);
    json.extend_from_slice(b"{\"request\":");
    text(request, &mut json);
    if !answer.is_empty() {
        json.extend_from_slice(b",\"answer\":");
        text(&String::from_utf8_lossy(answer.get(..MOST_ANSWER).unwrap_or(answer)), &mut json);
    }
    if answer.len() > MOST_ANSWER {
        json.extend_from_slice(b",\"answerBytes\":");
        json.extend_from_slice(answer.len().to_string().as_bytes());
    }
    for (name, part) in [(",\"credential\":", credential), (",\"onward\":", onward)] {
        if !part.is_empty() {
            json.extend_from_slice(name.as_bytes());
            json.extend_from_slice(part.as_bytes());
        }
    }
    json.push(b'}');
    String::from_utf8(json).unwrap_or_default()
}

fn text(value: &str, json: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(json, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_json_whatever_was_sent() {
        let read = |json: String| serde_json::from_str::<serde_json::Value>(&json).unwrap();
        let small = read(write_evidence("/verify\"", b"<p>\xff\n", ("{\"outcome\":\"valid\"}", "{\"a\":1}")));
        assert_eq!(small["answer"], "<p>\u{fffd}\n");
        assert_eq!((&small["credential"]["outcome"], &small["onward"]["a"]), (&"valid".into(), &1.into()));
        let large = read(write_evidence("/", &[b'x'; MOST_ANSWER + 1], ("", "")));
        assert_eq!(
            (large["answer"].as_str().unwrap().len(), &large["answerBytes"]),
            (MOST_ANSWER, &(MOST_ANSWER + 1).into())
        );
        assert_eq!(write_evidence("/", b"", ("", "")), "{\"request\":\"/\"}");
    }
}
