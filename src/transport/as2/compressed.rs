//! CompressedData (RFC 3274): zlib in an envelope.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;

use flate2::Compression;
use flate2::Decompress;
use flate2::FlushDecompress;
use flate2::Status;
use flate2::write::ZlibEncoder;

use crate::transport::as2::ber::Malformed;
use crate::transport::as2::ber::Octets;
use crate::transport::as2::ber::Reader;
use crate::transport::as2::der;

/// The object identifier of CompressedData (1.2.840.113549.1.9.16.1.9).
pub(super) const COMPRESSED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x09];
/// The object identifier of zlib (1.2.840.113549.1.9.16.3.8).
const ZLIB: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03, 0x08];
/// The object identifier of data (1.2.840.113549.1.7.1).
pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/// How much is unpacked before the bounds are looked at.
const STEP: usize = 64 << 10;

/// Bytes that any content may unfold to, however small it is.
const ALWAYS: u64 = 1 << 20;

/// Why content is not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// It is no CompressedData, or its zlib is broken.
    Broken,
    /// It unfolds to more than so many bytes.
    TooLong(u64),
    /// It unfolds to more than so many times its size.
    TooDense(u64),
}

/// Packs content.
pub(super) fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    let packed = encoder.finish()?;
    let oid = |oid: &[u8]| der::element(der::OID, &[oid]);
    let before = [der::element(der::INTEGER, &[&[0]]), der::element(der::SEQUENCE, &[&oid(ZLIB)])].concat();
    // From the inside out: each element around the packed bytes is a head and what stands before them.
    let string = der::head(der::OCTET_STRING, packed.len());
    let mut around = string;
    for (tag, first) in [
        (der::CONTEXT_0, oid(DATA)),
        (der::SEQUENCE, before),
        (der::SEQUENCE, Vec::new()),
        (der::CONTEXT_0, oid(COMPRESSED_DATA)),
        (der::SEQUENCE, Vec::new()),
    ] {
        let inner = [der::head(tag, around.len() + packed.len()), around].concat();
        around = [first, inner].concat();
    }
    around.reserve_exact(packed.len());
    around.extend_from_slice(&packed);
    Ok(around)
}

/// Unpacks content, up to so many bytes and so many times its size.
pub(super) fn decompress(bytes: &[u8], most_bytes: u64, most_times: u64) -> Result<Vec<u8>, Unpacked> {
    let packed = packed(bytes).map_err(|Malformed| Unpacked::Broken)?;
    let mut packed = BufReader::with_capacity(STEP, packed);
    let mut engine = Decompress::new(true);
    let (mut content, mut step) = (Vec::new(), vec![0; STEP]);
    loop {
        let input = packed.fill_buf().map_err(|_| Unpacked::Broken)?;
        let (read, made) = (engine.total_in(), engine.total_out());
        let status =
            engine.decompress(input, &mut step, FlushDecompress::None).map_err(|_| Unpacked::Broken)?;
        let read = usize::try_from(engine.total_in() - read).map_err(|_| Unpacked::Broken)?;
        let made = usize::try_from(engine.total_out() - made).map_err(|_| Unpacked::Broken)?;
        packed.consume(read);
        content.extend_from_slice(step.get(..made).unwrap_or_default());
        if engine.total_out() > most_bytes {
            return Err(Unpacked::TooLong(most_bytes));
        }
        if engine.total_out() > ALWAYS.max(engine.total_in().saturating_mul(most_times)) {
            return Err(Unpacked::TooDense(most_times));
        }
        match status {
            Status::StreamEnd => return Ok(content),
            // It ends before its end.
            Status::Ok | Status::BufError if read == 0 && made == 0 => return Err(Unpacked::Broken),
            Status::Ok | Status::BufError => {}
        }
    }
}

fn packed(bytes: &[u8]) -> Result<Octets<'_>, Malformed> {
    let mut info = Reader::new(bytes).enter(der::SEQUENCE)?;
    if info.expect(der::OID)?.content != COMPRESSED_DATA {
        return Err(Malformed);
    }
    let mut data = info.enter(der::CONTEXT_0)?.enter(der::SEQUENCE)?;
    data.expect(der::INTEGER)?;
    if data.enter(der::SEQUENCE)?.expect(der::OID)?.content != ZLIB {
        return Err(Malformed);
    }
    let mut encapsulated = data.enter(der::SEQUENCE)?;
    encapsulated.expect(der::OID)?;
    Ok(encapsulated.enter(der::CONTEXT_0)?.expect(der::OCTET_STRING)?.octets())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for length in [0, 1, 100, 200_000] {
            let content: Vec<u8> =
                (0..length).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            assert_eq!(decompress(&compress(&content).unwrap(), 1 << 20, 100).unwrap(), content);
        }
    }

    #[test]
    fn strings_in_pieces_are_unpacked() {
        let whole = compress(b"hello").unwrap();
        let mut octets = packed(&whole).unwrap();
        let mut zlib = Vec::new();
        octets.read_to_end(&mut zlib).unwrap();
        let pieces: Vec<u8> = zlib.iter().flat_map(|byte| [4, 1, *byte]).collect();
        let oid = |oid: &[u8]| der::element(der::OID, &[oid]);
        let open = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
        let string = open(0x24, &pieces);
        let encapsulated = open(0x30, &[oid(DATA), open(0xa0, &string)].concat());
        let head = [vec![2, 1, 0], der::element(der::SEQUENCE, &[&oid(ZLIB)])].concat();
        let data = open(0x30, &[head, encapsulated].concat());
        let all = open(0x30, &[oid(COMPRESSED_DATA), open(0xa0, &data)].concat());
        assert_eq!(decompress(&all, 100, 100).unwrap(), b"hello");
    }

    #[test]
    fn a_bomb_is_stopped_early() {
        let bomb = compress(&vec![0; 64 << 20]).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(decompress(&bomb, 10 << 20, 2_000), Err(Unpacked::TooLong(10 << 20)));
        assert_eq!(decompress(&bomb, 1 << 30, 100), Err(Unpacked::TooDense(100)));
    }

    #[test]
    fn what_is_broken_is_told() {
        let good = compress(b"hello, hello").unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad.truncate(at);
            assert_eq!(decompress(&bad, 1 << 20, 100), Err(Unpacked::Broken), "{at}");
        }
        assert_eq!(decompress(b"PK", 1, 1), Err(Unpacked::Broken));
    }
}
