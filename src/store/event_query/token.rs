//! The token of a next page: where to go on, what the first page saw, and for which question.

use sha2::Digest;
use sha2::Sha256;

use crate::epcis::query::EventQuery;
use crate::epcis::query::QueryFault;
use crate::store::event_query::walk::Position;

/// Changes with the layout, so that tokens of another version are refused.
const VERSION: u8 = 1;

/// Bytes of a token, written as hexadecimal digits.
const LENGTH: usize = 1 + 4 * 8 + 8;

/// What `nextPageToken` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The newest ticket when the first page was asked for.
    pub(super) newest: i64,
    /// The last event before the page.
    pub(super) position: Position,
    /// How many more events `eventCountLimit` allows.
    pub(super) left: Option<u64>,
    /// [`digest`] of the question.
    pub(super) digest: [u8; 8],
}

impl Token {
    pub(super) fn write(&self) -> String {
        let left = self.left.and_then(|left| i64::try_from(left).ok()).unwrap_or(-1);
        let mut text = format!("{VERSION:02x}");
        for number in [self.newest, self.position.sort, self.position.id, left] {
            text.push_str(&format!("{number:016x}"));
        }
        text.push_str(&format!("{:016x}", u64::from_be_bytes(self.digest)));
        text
    }

    /// Reads a token of this question; fails for anything else.
    pub(super) fn read(text: &str, digest: [u8; 8]) -> Result<Token, QueryFault> {
        let token = decode(text).ok_or_else(|| {
            let mend = "follow the Link of the page before, or ask again without a token";
            QueryFault::new("nextPageToken", "query-page-token", "is no token of this gateway", mend)
        })?;
        if token.digest != digest {
            let mend = "repeat all parameters of the first page unchanged, or ask again without a token";
            let message = "belongs to another query";
            return Err(QueryFault::new("nextPageToken", "query-page-token", message, mend));
        }
        Ok(token)
    }
}

/// Eight bytes that tell one question from another; the size of its pages takes no part.
pub(super) fn digest(query: &EventQuery) -> [u8; 8] {
    let mut predicates: Vec<String> =
        query.predicates.iter().map(|predicate| format!("{predicate:?}")).collect();
    predicates.sort_unstable();
    let order = (query.order_by, query.direction, query.bound);
    let hash: [u8; 32] = Sha256::digest(format!("{predicates:?} {order:?}")).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

fn decode(text: &str) -> Option<Token> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let version = u8::from_str_radix(text.get(..2)?, 16).ok()?;
    let word = |at: usize| u64::from_str_radix(text.get(2 + 16 * at..18 + 16 * at)?, 16).ok();
    let number = |at| word(at).map(u64::cast_signed);
    let (newest, sort, id) = (number(0)?, number(1)?, number(2)?);
    if version != VERSION || newest < 0 {
        return None;
    }
    let left = u64::try_from(number(3)?).ok();
    Some(Token { newest, position: Position { sort, id }, left, digest: word(4)?.to_be_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) {
        assert_eq!(Token::read(text, [7; 8]).unwrap_err().rule, "query-page-token", "{text}");
    }

    #[test]
    fn reads_what_it_wrote() {
        for (sort, left) in [(-5, None), (i64::MAX, Some(0)), (0, Some(12))] {
            let token = Token { newest: 9, position: Position { sort, id: 3 }, left, digest: [7; 8] };
            assert_eq!(Token::read(&token.write(), [7; 8]).unwrap(), token);
            assert!(Token::read(&token.write(), [8; 8]).is_err());
        }
    }

    #[test]
    fn refuses_other_texts() {
        check("");
        check("x");
        check(&"0".repeat(2 * LENGTH));
        check(&"é".repeat(LENGTH));
        check(&"+".repeat(2 * LENGTH));
    }
}
