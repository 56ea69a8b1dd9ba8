//! A body on its way from one side to another, in parts: whoever reads is never more than a few parts behind whoever writes.

use std::io;
use std::io::Read;

use tokio::sync::mpsc;

/// Parts that wait to be read.
const WAITING: usize = 8;

/// Bytes of a part that is read from a blocking source.
const PART: usize = 65_536;

type Part = io::Result<Option<Vec<u8>>>;

/// Where a body goes in.
pub struct Inlet(mpsc::Sender<Part>);

/// Where it comes out: by [`Read`] in a thread of its own, or by [`Outlet::next`].
pub struct Outlet {
    parts: mpsc::Receiver<Part>,
    part: Vec<u8>,
    read: usize,
    ended: bool,
}

/// Both ends of a body.
pub fn flow() -> (Inlet, Outlet) {
    let (sender, parts) = mpsc::channel(WAITING);
    (Inlet(sender), Outlet { parts, part: Vec::new(), read: 0, ended: false })
}

impl Inlet {
    /// Puts a part in, and waits for room; false where nobody reads any more.
    pub async fn put(&self, part: Vec<u8>) -> bool {
        part.is_empty() || self.0.send(Ok(Some(part))).await.is_ok()
    }

    /// Says that the body is whole. Without it the reader meets an error.
    pub async fn end(self) {
        // Whoever does not read any more does not mind.
        let _ = self.0.send(Ok(None)).await;
    }
}

impl Outlet {
    /// The body of a blocking source, read by a thread of the runtime that this is called in.
    pub fn of(mut source: impl Read + Send + 'static) -> Outlet {
        let (inlet, outlet) = flow();
        tokio::task::spawn_blocking(move || {
            loop {
                let mut part = vec![0; PART];
                let read = match source.read(&mut part) {
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => {
                        let _ = inlet.0.blocking_send(Err(error));
                        return;
                    }
                };
                part.truncate(read);
                let last = part.is_empty();
                if inlet.0.blocking_send(Ok((!last).then_some(part))).is_err() || last {
                    return;
                }
            }
        });
        outlet
    }

    /// A body of no bytes.
    pub fn empty() -> Outlet {
        let (_, parts) = mpsc::channel(1);
        Outlet { parts, part: Vec::new(), read: 0, ended: true }
    }

    /// The next part; `None` after the last.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let came = self.parts.recv().await;
        self.took(came)
    }

    fn took(&mut self, came: Option<Part>) -> io::Result<Option<Vec<u8>>> {
        let part = came.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        self.ended = part.is_none();
        Ok(part)
    }
}

impl Read for Outlet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.part.len() && !self.ended {
            let came = self.parts.blocking_recv();
            self.part = self.took(came)?.unwrap_or_default();
            self.read = 0;
        }
        let mut rest = self.part.get(self.read..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    fn check(parts: &[&str], whole: bool, expected: Result<&str, io::ErrorKind>) {
        let read = runtime().block_on(async {
            let (inlet, mut outlet) = flow();
            let reading = tokio::task::spawn_blocking(move || {
                let mut text = String::new();
                outlet.read_to_string(&mut text).map(|_| text)
            });
            for part in parts {
                assert!(inlet.put(part.as_bytes().to_vec()).await);
            }
            if whole {
                inlet.end().await;
            } else {
                drop(inlet);
            }
            reading.await.unwrap()
        });
        assert_eq!(read.as_deref().map_err(io::Error::kind), expected);
    }

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        check(&[], true, Ok(""));
        check(&["a", "", "bc"], true, Ok("abc"));
        check(&["0123456789"; 40], true, Ok(&"0123456789".repeat(40)));
    }

    #[test]
    fn a_body_that_breaks_off_is_not_taken_for_whole() {
        check(&[], false, Err(io::ErrorKind::UnexpectedEof));
        check(&["a", "b"], false, Err(io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_blocking_source_is_read_in_parts() {
        let source = vec![7; 3 * PART + 1];
        let lengths = runtime().block_on(async {
            let mut outlet = Outlet::of(io::Cursor::new(source));
            let mut lengths = Vec::new();
            while let Some(part) = outlet.next().await.unwrap() {
                lengths.push(part.len());
            }
            assert!(outlet.next().await.unwrap().is_none());
            lengths
        });
        assert_eq!(lengths, [PART, PART, PART, 1]);
    }
}
