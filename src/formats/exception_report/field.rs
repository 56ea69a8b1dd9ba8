//! A value of a message with the place where it stands.

use serde_json::Value;

use crate::formats::exception_report::MessageFault;

/// A value, and its path as a JSON Pointer.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Field<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Field<'a> {
    /// The whole message.
    pub(in crate::formats) fn root(value: &'a Value) -> Field<'a> {
        Field { value, path: String::new() }
    }

    /// The value itself.
    pub(in crate::formats) fn value(&self) -> &'a Value {
        self.value
    }

    /// A fault here.
    pub(in crate::formats) fn fault(
        &self,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> MessageFault {
        let path = if self.path.is_empty() { "/".to_owned() } else { self.path.clone() };
        MessageFault { path, message: message.into(), fix: fix.into() }
    }

    /// A member that is there and not null.
    pub(in crate::formats) fn member(&self, name: &str) -> Option<Field<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Field { value, path: format!("{}/{name}", self.path) })
    }

    /// A member that must be there.
    pub(in crate::formats) fn needed(&self, name: &str) -> Result<Field<'a>, MessageFault> {
        self.member(name).ok_or_else(|| self.fault(format!("`{name}` is missing"), format!("add `{name}`")))
    }

    /// The elements of an array; none where the member is absent or null.
    pub(in crate::formats) fn elements(&self, name: &str) -> Result<Vec<Field<'a>>, MessageFault> {
        let Some(list) = self.member(name) else { return Ok(Vec::new()) };
        let Value::Array(values) = list.value else {
            return Err(list.fault("this is not an array", "write an array"));
        };
        let at = |(number, value)| Field { value, path: format!("{}/{number}", list.path) };
        Ok(values.iter().enumerate().map(at).collect())
    }

    /// A text; a number is taken as it is written.
    pub(in crate::formats) fn text(&self) -> Result<String, MessageFault> {
        match self.value {
            Value::String(text) => Ok(text.trim().to_owned()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(self.fault("this is not a text", "write a text")),
        }
    }

    /// The text of a member that must be there.
    pub(in crate::formats) fn needed_text(&self, name: &str) -> Result<String, MessageFault> {
        self.needed(name)?.text()
    }

    /// The text of a member; `None` where it is absent, null or empty.
    pub(in crate::formats) fn optional_text(&self, name: &str) -> Result<Option<String>, MessageFault> {
        let text = self.member(name).map(|member| member.text()).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A whole number that is not negative, also where it is written as a text.
    pub(in crate::formats) fn count(&self) -> Result<u64, MessageFault> {
        let told = match self.value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_u64(),
        };
        told.ok_or_else(|| self.fault("this is not a whole number from 0 on", "write a whole number"))
    }

    /// True or false.
    pub(in crate::formats) fn truth(&self) -> Result<bool, MessageFault> {
        self.value.as_bool().ok_or_else(|| self.fault("this is not true or false", "write true or false"))
    }

    /// The word of a list; `None` where the member is absent or null.
    pub(in crate::formats) fn word<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Result<Option<T>, MessageFault> {
        let Some(member) = self.member(name) else { return Ok(None) };
        let text = member.text()?;
        let known = parse(&text).ok_or_else(|| {
            member.fault(format!("`{text}` is not one of its words"), format!("write {}", words.join(", ")))
        })?;
        Ok(Some(known))
    }
}
