//! Content codings of request bodies: gzip and zstd, undone as the body arrives and never further than the limits.

use std::io;
use std::io::Write;

use actix_web::http::header::ACCEPT_ENCODING;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::http::header::HeaderMap;
use actix_web::http::header::HeaderValue;
use flate2::write::MultiGzDecoder;
use thiserror::Error;
use zstd::stream::raw;
use zstd::stream::zio;

use crate::api::problem::Failure;
use crate::api::problem::Problem;

/// The largest window a zstd body may ask for, as a power of two: 8 MiB.
const ZSTD_WINDOW: u32 = 23;

/// How far a body may grow before its expansion is judged.
const FREE_GROWTH: u64 = 1 << 20;

/// How a body is coded (RFC 9110 §8.4); one coding at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Not coded.
    Identity,
    /// `gzip`.
    Gzip,
    /// `zstd`.
    Zstd,
}

impl Coding {
    /// Reads `Content-Encoding`; any other coding and a chain of them is refused (415).
    pub fn of(headers: &HeaderMap) -> Result<Coding, Problem> {
        let mut codings = headers
            .get_all(CONTENT_ENCODING)
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| coding != "identity" && !coding.is_empty());
        let coding = match codings.next().as_deref() {
            None => Some(Coding::Identity),
            Some("gzip" | "x-gzip") => Some(Coding::Gzip),
            Some("zstd") => Some(Coding::Zstd),
            Some(_) => None,
        };
        match (coding, codings.next()) {
            (Some(coding), None) => Ok(coding),
            _ => Err(Problem::new(
                Failure::UnsupportedMediaType,
                "Content-Encoding takes one of gzip, zstd and identity",
            )
            .with_header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"))),
        }
    }
}

/// What a body may grow to.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// Bytes, uncompressed.
    pub bytes: u64,
    /// Times its size as sent.
    pub expansion: u64,
}

/// Why a body is given up, carried inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Exceeded {
    /// More bytes than allowed.
    #[error("the body is larger than {0} bytes")]
    Bytes(u64),
    /// It grows more than allowed.
    #[error("the compressed body becomes more than {0} times as large")]
    Expansion(u64),
}

/// A body on its way to where it is kept.
pub struct Decoder<W: Write>(Kind<W>);

enum Kind<W: Write> {
    Identity(Counted<W>),
    Gzip(Box<MultiGzDecoder<Counted<W>>>),
    Zstd(Box<zio::Writer<Counted<W>, raw::Decoder<'static>>>),
}

impl<W: Write> Decoder<W> {
    /// Begins to undo the coding towards `sink`.
    pub fn new(coding: Coding, growth: Growth, sink: W) -> io::Result<Decoder<W>> {
        let sink = Counted { sink, sent: 0, written: 0, growth };
        Ok(Decoder(match coding {
            Coding::Identity => Kind::Identity(sink),
            Coding::Gzip => Kind::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Coding::Zstd => {
                let mut decoder = raw::Decoder::new()?;
                decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW))?;
                Kind::Zstd(Box::new(zio::Writer::new(sink, decoder)))
            }
        }))
    }

    /// Takes the next bytes as sent.
    ///
    /// Fails with [`Exceeded`] over a limit, with [`io::ErrorKind::InvalidData`] or `InvalidInput` where the coding is
    /// broken, and otherwise where the sink does.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let counted = match &mut self.0 {
            Kind::Identity(sink) => sink,
            Kind::Gzip(decoder) => decoder.get_mut(),
            Kind::Zstd(decoder) => decoder.writer_mut(),
        };
        counted.sent += bytes.len() as u64;
        match &mut self.0 {
            Kind::Identity(sink) => sink.write_all(bytes),
            Kind::Gzip(decoder) => decoder.write_all(bytes),
            Kind::Zstd(decoder) => decoder.write_all(bytes),
        }
    }

    /// Ends the body and gives the sink back; fails where the coding is cut short.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::Identity(sink) => Ok(sink.sink),
            Kind::Gzip(decoder) => Ok(decoder.finish()?.sink),
            Kind::Zstd(mut decoder) => {
                decoder.finish()?;
                Ok(decoder.into_inner().0.sink)
            }
        }
    }
}

struct Counted<W> {
    sink: W,
    sent: u64,
    written: u64,
    growth: Growth,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.written + bytes.len() as u64;
        if written > self.growth.bytes {
            return Err(io::Error::other(Exceeded::Bytes(self.growth.bytes)));
        }
        if written > FREE_GROWTH && written > self.sent.saturating_mul(self.growth.expansion) {
            return Err(io::Error::other(Exceeded::Expansion(self.growth.expansion)));
        }
        let taken = self.sink.write(bytes)?;
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const GROWTH: Growth = Growth { bytes: 8 << 20, expansion: 100 };

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(coding: Coding, sent: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoder = Decoder::new(coding, GROWTH, Vec::new())?;
        for chunk in sent.chunks(1_000) {
            decoder.write(chunk)?;
        }
        decoder.finish()
    }

    fn exceeded(result: io::Result<Vec<u8>>) -> Option<Exceeded> {
        result.err()?.get_ref()?.downcast_ref().copied()
    }

    #[test]
    fn undoes_each_coding() {
        let text: Vec<u8> = (0..100_000u32).flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(decode(Coding::Identity, &text).unwrap(), text);
        assert_eq!(decode(Coding::Gzip, &gzip(&text)).unwrap(), text);
        assert_eq!(decode(Coding::Zstd, &zstd::encode_all(&text[..], 3).unwrap()).unwrap(), text);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let zeros = vec![0; 6 << 20];
        assert_eq!(exceeded(decode(Coding::Gzip, &gzip(&zeros))), Some(Exceeded::Expansion(100)));
        let zstd = zstd::encode_all(&zeros[..], 3).unwrap();
        assert_eq!(exceeded(decode(Coding::Zstd, &zstd)), Some(Exceeded::Expansion(100)));
        assert_eq!(exceeded(decode(Coding::Identity, &vec![b'x'; 9 << 20])), Some(Exceeded::Bytes(8 << 20)));
    }

    #[test]
    fn a_coding_cut_short_is_told() {
        for (coding, sent) in
            [(Coding::Gzip, gzip(b"whole")), (Coding::Zstd, zstd::encode_all(&b"whole"[..], 3).unwrap())]
        {
            assert!(decode(coding, &sent[..sent.len() - 3]).is_err(), "{coding:?}");
        }
    }

    #[test]
    fn one_coding_at_most() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_str(text).unwrap());
            Coding::of(&headers).ok()
        };
        assert_eq!(of("GZip"), Some(Coding::Gzip));
        assert_eq!(of("identity"), Some(Coding::Identity));
        assert_eq!(of("gzip, gzip"), None);
        assert_eq!(of("br"), None);
    }
}
