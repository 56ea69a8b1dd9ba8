//! Value: one JSON value as a tree that keeps order, the spelling of numbers and where each part stands.

use std::borrow::Cow;

use crate::formats::jsonld::sink;

/// A value and where it begins in its piece.
#[derive(Debug)]
pub(super) struct Value<'a> {
    pub(super) at: usize,
    pub(super) data: Data<'a>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Data<'a> {
    Null,
    Boolean(bool),
    /// A number as written.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) at: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

impl<'a> Value<'a> {
    /// The text of a string.
    pub(super) fn string(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object.
    pub(super) fn members(&self) -> Option<&[Member<'a>]> {
        match &self.data {
            Data::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of this key.
    pub(super) fn member(&self, key: &str) -> Option<&Value<'a>> {
        self.members()?.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// What it is, as a message says it.
    pub(super) fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Boolean(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::String(_) => "a string",
            Data::Array(_) => "an array",
            Data::Object(_) => "an object",
        }
    }

    /// Writes it as compact JSON, with each key as `rename` has it.
    pub(super) fn write_compact(&self, rename: &mut dyn FnMut(&str) -> Option<String>, out: &mut Vec<u8>) {
        match &self.data {
            Data::Null => out.extend_from_slice(b"null"),
            Data::Boolean(true) => out.extend_from_slice(b"true"),
            Data::Boolean(false) => out.extend_from_slice(b"false"),
            Data::Number(text) => out.extend_from_slice(text.as_bytes()),
            Data::String(text) => {
                sink::write_string(text, out);
            }
            Data::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write_compact(rename, out);
                }
                out.push(b']');
            }
            Data::Object(members) => {
                out.push(b'{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    match rename(&member.key) {
                        Some(key) => sink::write_string(&key, out),
                        None => sink::write_string(&member.key, out),
                    };
                    out.push(b':');
                    member.value.write_compact(rename, out);
                }
                out.push(b'}');
            }
        }
    }
}
