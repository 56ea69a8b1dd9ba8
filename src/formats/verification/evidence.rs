//! Evidence: what was sent and received, as it is kept with a verification.

/// Bytes of an answer that are kept.
const MOST_ANSWER: usize = 16_384;

/// The evidence of a verification in JSON: the question as sent, the answer as received up to 16 KiB, and what was judged
/// of a credential and came of passing it on (themselves JSON; nothing where they are empty).
pub fn write_evidence(request: &str, answer: &[u8], (credential, onward): (&str, &str)) -> String {
    let mut json = String::with_capacity(request.len() + answer.len() + credential.len() + 96);
    json.push_str("{\"request\":");
    text(request, &mut json);
    if !answer.is_empty() {
        json.push_str(",\"answer\":");
        text(&String::from_utf8_lossy(answer.get(..MOST_ANSWER).unwrap_or(answer)), &mut json);
    }
    if answer.len() > MOST_ANSWER {
        json.push_str(",\"answerBytes\":");
        json.push_str(&answer.len().to_string());
    }
    for (name, part) in [(",\"credential\":", credential), (",\"onward\":", onward)] {
        if !part.is_empty() {
            json.push_str(name);
            json.push_str(part);
        }
    }
    json.push('}');
    json
}

fn text(value: &str, json: &mut String) {
    json.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "\"\"".to_owned()));
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
