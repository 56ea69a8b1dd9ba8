//! The one file of a form as browsers send it (`multipart/form-data`, RFC 7578), brought to a sink while it arrives.

use std::io;
use std::io::Write;

use memchr::memmem;

/// Bytes that the headers of a part may have.
const MOST_HEADERS: usize = 8 << 10;

/// A sink that takes a form and passes the content of its first file on.
#[derive(Debug)]
pub struct FormFile<W> {
    sink: W,
    /// `\r\n--` and the boundary.
    mark: Vec<u8>,
    held: Vec<u8>,
    state: State,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the headers of a part.
    Before,
    /// In a part that is no file.
    Skipping,
    /// In the file.
    Inside,
    /// Behind it.
    Behind,
}

/// The boundary that a `Content-Type` names; `None` for any other type.
pub fn boundary(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"').to_owned())
    });
    boundary.filter(|boundary| (1..=70).contains(&boundary.len()))
}

impl<W: Write> FormFile<W> {
    /// Takes a form with this boundary.
    pub fn new(boundary: &str, sink: W) -> FormFile<W> {
        let mark = format!("\r\n--{boundary}").into_bytes();
        // The first boundary has no line before it.
        FormFile { sink, mark, held: b"\r\n".to_vec(), state: State::Skipping, name: String::new() }
    }

    /// The sink, and what the browser calls the file; `None` where there was no file or its end is missing.
    pub fn finish(self) -> Option<(W, String)> {
        (self.state == State::Behind).then_some((self.sink, self.name))
    }

    /// Takes one step with what is held; false where more bytes are needed.
    fn step(&mut self) -> io::Result<bool> {
        match self.state {
            State::Behind => {
                self.held.clear();
                Ok(false)
            }
            State::Before => Ok(self.headers()),
            State::Skipping | State::Inside => self.content(),
        }
    }

    fn headers(&mut self) -> bool {
        let Some(end) = memmem::find(&self.held, b"\r\n\r\n") else {
            if self.held.len() > MOST_HEADERS {
                self.state = State::Skipping;
            }
            return self.state == State::Skipping;
        };
        let headers = String::from_utf8_lossy(self.held.get(..end).unwrap_or_default()).into_owned();
        self.held.drain(..end + 4);
        match file_name(&headers) {
            Some(name) => (self.name, self.state) = (name, State::Inside),
            None => self.state = State::Skipping,
        }
        true
    }

    fn content(&mut self) -> io::Result<bool> {
        let found = memmem::find(&self.held, &self.mark);
        let content = found.unwrap_or_else(|| self.held.len().saturating_sub(self.mark.len() - 1));
        if self.state == State::Inside {
            self.sink.write_all(self.held.get(..content).unwrap_or_default())?;
        }
        if found.is_none() {
            self.held.drain(..content);
            return Ok(false);
        }
        self.held.drain(..content + self.mark.len());
        self.state = if self.state == State::Inside { State::Behind } else { State::Before };
        Ok(true)
    }
}

impl<W: Write> Write for FormFile<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        while self.step()? {}
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// The name of the file that a part is, from its headers; `None` where it is none.
fn file_name(headers: &str) -> Option<String> {
    let disposition = headers
        .lines()
        .find(|line| line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:")))?;
    let (_, rest) = disposition.split_once("filename=\"")?;
    let name = rest.rsplit_once('"').map_or(rest, |(name, _)| name);
    let name = name.split("\"; ").next().unwrap_or_default();
    Some(name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str, expected: Option<(&str, &str)>) {
        for step in [1, 3, 7, 1_000] {
            let mut sink = FormFile::new("XX", Vec::new());
            for piece in form.as_bytes().chunks(step) {
                sink.write_all(piece).unwrap();
            }
            let found = sink.finish().map(|(bytes, name)| (String::from_utf8(bytes).unwrap(), name));
            let found = found.as_ref().map(|(text, name)| (&**text, &**name));
            assert_eq!(found, expected, "{step} {form:?}");
        }
    }

    const FILE: &str =
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.xml\"\r\nContent-Type: text/xml\r\n\r\n";

    #[test]
    fn the_first_file_of_a_form_is_taken() {
        let other = "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n";
        check(&format!("--XX\r\n{FILE}<a>\r\n--X</a>\r\n--XX--\r\n"), Some(("<a>\r\n--X</a>", "a.xml")));
        check(&format!("{other}--XX\r\n{FILE}<a/>\r\n--XX--\r\n"), Some(("<a/>", "a.xml")));
        check(&format!("--XX\r\n{FILE}<a/>\r\n{other}--XX--\r\n"), Some(("<a/>", "a.xml")));
        check(&format!("--XX\r\n{FILE}\r\n--XX--\r\n"), Some(("", "a.xml")));
    }

    #[test]
    fn what_has_no_file_or_no_end_is_none() {
        check(&format!("--XX\r\n{FILE}<a/>"), None);
        check("--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--XX--\r\n", None);
        check("", None);
    }

    #[test]
    fn headers_without_end_are_passed_over() {
        let long = "a".repeat(9_000);
        check(&format!("--XX\r\n{long}\r\n--XX\r\n{FILE}<a/>\r\n--XX--\r\n"), Some(("<a/>", "a.xml")));
    }

    #[test]
    fn boundaries_are_read() {
        for (text, expected) in [
            ("multipart/form-data; boundary=XX", Some("XX")),
            ("Multipart/Form-Data; charset=utf-8; boundary=\"X X\"", Some("X X")),
            ("multipart/form-data", None),
            ("text/xml; boundary=XX", None),
        ] {
            assert_eq!(boundary(text).as_deref(), expected, "{text}");
        }
    }
}
