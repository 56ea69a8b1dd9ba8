//! Elements in Digital Links: all that a link states, judged as the elements of a symbol are, and the link that states them.

use crate::gs1::ElementFault;
use crate::gs1::ElementString;
use crate::gs1::application_identifier::identifier;
use crate::gs1::digital_link;
use crate::gs1::element_table::application_identifier;
use crate::gs1::element_table::predefined_length;
use crate::gs1::percent;

impl ElementString {
    /// Reads every element of a Digital Link on any host, with numeric identifiers or short names: the key and its qualifiers
    /// in their order, then the data attributes of the query string. Other parameters are no elements and are left out.
    pub fn parse_link(uri: &str) -> Result<ElementString, ElementFault> {
        if !uri.bytes().all(is_in_uri) {
            return Err(ElementFault::Link("has a character that no web address has"));
        }
        let (path, query) = digital_link::stated(uri).ok_or(ElementFault::Link("names no key of GS1"))?;
        let names: Vec<&str> = path.iter().filter_map(|(name, _)| identifier(name)).collect();
        if names.len() != path.len() || (!names.is_empty() && !takes_path(&names)) {
            return Err(ElementFault::Link("has a part in its path that its key does not take there"));
        }
        let mut found = ElementString::default();
        for (name, value) in path {
            found.state(name, value)?;
        }
        for (name, value) in query {
            if identifier(name).is_none() && !name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let own = identifier(name).and_then(application_identifier);
            let own = own.ok_or(ElementFault::Link("states a field that GS1 does not know"))?;
            if !names.is_empty()
                && (!own.is_in_query() || qualifies(&names, identifier(name).unwrap_or(name)))
            {
                return Err(ElementFault::Link("has a field in its query string that belongs into the path"));
            }
            found.state(name, value)?;
        }
        let named = found.elements().any(|(name, _)| is_key(name));
        if named { Ok(found) } else { Err(ElementFault::Link("names no key of GS1")) }
    }

    /// Writes the Digital Link of all elements below an address such as `https://id.gs1.org`: the first key with its
    /// qualifiers as the path, the others as data attributes, those of a fixed length first.
    pub fn to_link(&self, stem: &str) -> Result<String, ElementFault> {
        let keys = || self.elements().filter(|(name, _)| is_key(name)).map(|(name, _)| name);
        let key = keys().next().ok_or(ElementFault::Link("would have no key"))?;
        let lists = application_identifier(key).and_then(|found| found.qualifiers()).unwrap_or_default();
        let present = |list: &str| -> Vec<&str> {
            let names = list.split_whitespace();
            names
                .filter_map(|name| self.elements().find(|(own, _)| *own == name))
                .map(|(own, _)| own)
                .collect()
        };
        let qualifiers = lists.split('|').map(present).max_by_key(Vec::len).unwrap_or_default();
        let mut link = stem.trim_end_matches('/').to_owned();
        for name in std::iter::once(key).chain(qualifiers.iter().copied()) {
            link.push_str(&format!("/{name}/{}", percent::escape(self.value(name).unwrap_or_default())));
        }
        let mut sign = '?';
        let mut others: Vec<(&str, &str)> =
            self.elements().filter(|(name, _)| *name != key && !qualifiers.contains(name)).collect();
        others.sort_by_key(|(name, _)| predefined_length(name).is_none());
        for (name, value) in others {
            let in_query = application_identifier(name).is_some_and(|found| found.is_in_query());
            if !in_query || qualifies(&[key], name) {
                return Err(ElementFault::Link("has no place for one of the fields"));
            }
            link.push_str(&format!("{sign}{name}={}", percent::escape(value)));
            sign = '&';
        }
        Ok(link)
    }

    /// Adds what a link states, in its escaping; a GTIN is filled up to its 14 digits.
    fn state(&mut self, name: &str, value: &str) -> Result<(), ElementFault> {
        let unknown = ElementFault::Link("states a field that GS1 does not know");
        let name = identifier(name).ok_or_else(|| unknown.clone())?;
        let definition = application_identifier(name).ok_or(unknown)?;
        if self.value(name).is_some() {
            return Err(ElementFault::Link("states a field twice"));
        }
        let value = percent::unescape(value);
        match (name, value.len()) {
            ("01", 8 | 12 | 13) => self.add(definition, name, &format!("{value:0>14}")),
            _ => self.add(definition, name, &value),
        }
    }
}

/// True for a key with qualifiers, in an order in which a Digital Link takes them in its path: `["01", "10", "21"]`.
pub fn takes_path(names: &[&str]) -> bool {
    let Some((key, rest)) = names.split_first() else { return false };
    let Some(lists) = application_identifier(key).and_then(|found| found.qualifiers()) else { return false };
    lists.split('|').any(|list| {
        let mut allowed = list.split_whitespace();
        rest.iter().all(|name| allowed.any(|own| own == *name))
    })
}

fn is_key(name: &str) -> bool {
    application_identifier(name).is_some_and(|found| found.qualifiers().is_some())
}

/// True for a qualifier of the key that a path begins with.
fn qualifies(path: &[&str], name: &str) -> bool {
    let key = path.first().and_then(|key| application_identifier(key));
    let lists = key.and_then(|found| found.qualifiers()).unwrap_or_default();
    lists.split([' ', '|']).any(|own| own == name)
}

fn is_in_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Result<&str, &str>) {
        let found = ElementString::parse_link(uri);
        let shown = found.map(|found| found.elements().map(|(id, value)| format!("({id}){value}")).collect());
        let shown = shown.map_err(|fault| fault.to_string());
        assert_eq!(shown, expected.map(str::to_owned).map_err(str::to_owned), "{uri}");
    }

    #[test]
    fn links_state_elements() {
        check(
            "https://a/gtin/300010123455/lot/L%2F1/ser/A?exp=271200&u=1",
            Ok("(01)00300010123455(10)L/1(21)A(17)271200"),
        );
        check("https://a?01=300010123455&21=A", Ok("(01)00300010123455(21)A"));
        check("https://a/414/0614141123452/254/7", Ok("(414)0614141123452(254)7"));
        for (uri, words) in [
            (
                "https://a/01/00300010123455/21/A/10/L",
                "The Digital Link has a part in its path that its key does not take there",
            ),
            (
                "https://a/01/00300010123455?10=L",
                "The Digital Link has a field in its query string that belongs into the path",
            ),
            ("https://a/01/00300010123455?17=1&17=1", "The value of (17) is too short: the scan was cut off"),
            ("https://a/01/00300010123455?999=1", "The Digital Link states a field that GS1 does not know"),
            ("https://a/b", "The Digital Link names no key of GS1"),
            ("https://a/01/00300010123455<", "The Digital Link has a character that no web address has"),
        ] {
            check(uri, Err(words));
        }
    }

    #[test]
    fn elements_make_a_link() {
        let link = |text: &str| ElementString::parse_bracketed(text).unwrap().to_link("https://a/");
        assert_eq!(
            link("(17)271200(21)A/1(01)00300010123455(10)L").as_deref(),
            Ok("https://a/01/00300010123455/10/L/21/A%2F1?17=271200")
        );
        assert!(link("(01)00300010123455(235)T(21)A").is_err());
        assert!(link("(10)L").is_err());
    }
}
