//! Documents as received, byte for byte: written part by part while they arrive, read again by the worker.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use sha2::Digest;
use sha2::Sha256;
use zstd::stream::raw::Decoder;
use zstd::stream::raw::Encoder;
use zstd::stream::raw::InBuffer;
use zstd::stream::raw::Operation;
use zstd::stream::raw::OutBuffer;

use crate::access::Caller;
use crate::epcis::Header;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::bodies;
use crate::store::connection::AnyConnection;
use crate::store::schema::document_parts;
use crate::store::schema::documents;
use crate::store::sight;

/// How many bytes the encoder gives out at a time.
const BLOCK_BYTES: usize = 16 << 10;

/// Packed bytes in one part, of which there is at most 1 MiB; each part is committed by itself.
const PART_BYTES: usize = (1 << 20) - BLOCK_BYTES;

const LEVEL: i32 = 1;

/// `documents.state`.
pub(super) const RECEIVING: &str = "receiving";
pub(super) const RECEIVED: &str = "received";
pub(super) const PUBLISHED: &str = "published";
pub(super) const REFUSED: &str = "refused";

/// A document received whole and stored, for which there is no job yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The store's number of the document.
    pub document: i64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub size: u64,
}

/// What is known of a document before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRecord {
    /// SHA-256 of its bytes in hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// `xml` or `json`.
    pub syntax: String,
}

/// A document being received. Dropped before [`finish`](Receiving::finish), it is removed.
pub struct Receiving {
    store: Store,
    document: i64,
    parts: i64,
    encoder: Encoder<'static>,
    packed: Vec<u8>,
    digest: Sha256,
    size: u64,
    stored_at: Instant,
    finished: bool,
}

impl Store {
    /// Begins to receive a document; it takes no room before its first bytes.
    pub fn receive(&self, now: DateTime<Utc>) -> Result<Receiving, StoreError> {
        let random = i64::from(uuid::Uuid::new_v4().as_fields().0 >> 12);
        Ok(Receiving {
            store: self.clone(),
            document: (now.timestamp_millis() << 20) | random,
            parts: 0,
            encoder: Encoder::new(LEVEL)?,
            packed: Vec::new(),
            digest: Sha256::new(),
            size: 0,
            stored_at: Instant::now(),
            finished: false,
        })
    }

    /// The header of a published document, without its events; `None` where there is none that the caller may see.
    pub fn header(&self, caller: &Caller, document: i64) -> Result<Option<Header>, StoreError> {
        let body: Option<Option<Vec<u8>>> = self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(None);
            }
            let visible = documents::table.find(document).filter(documents::ticket.is_not_null());
            Ok(visible.select(documents::header).first(connection).optional()?)
        })?;
        body.flatten().map(|body| bodies::decode_header(&body)).transpose()
    }

    /// A published document; `None` where there is none that the caller may see.
    pub fn document(&self, caller: &Caller, document: i64) -> Result<Option<DocumentRecord>, StoreError> {
        type Row = (Option<Vec<u8>>, i64, String);
        let row: Option<Row> = self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(None);
            }
            let visible = documents::table.find(document).filter(documents::ticket.is_not_null());
            let columns = (documents::sha256, documents::size, documents::syntax);
            Ok(visible.select(columns).first(connection).optional()?)
        })?;
        Ok(row.map(|(sha256, size, syntax)| DocumentRecord {
            sha256: sha256.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect(),
            size: size.unsigned_abs(),
            syntax,
        }))
    }

    /// The bytes of a document as received.
    pub fn input(&self, document: i64) -> Result<DocumentInput, StoreError> {
        Ok(DocumentInput {
            store: self.clone(),
            document,
            next_part: 0,
            packed: Vec::new(),
            read_to: 0,
            decoder: Decoder::new()?,
            position: 0,
        })
    }
}

impl Receiving {
    /// SHA-256 of the bytes so far.
    pub fn sha256(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends the document. Once this succeeds, the document survives any crash.
    pub fn finish(mut self) -> Result<Received, StoreError> {
        loop {
            let mut block = [0u8; BLOCK_BYTES];
            let mut out = OutBuffer::around(block.as_mut_slice());
            let left = self.encoder.finish(&mut out, true)?;
            self.packed.extend_from_slice(out.as_slice());
            if left == 0 {
                break;
            }
        }
        let sha256: [u8; 32] = std::mem::take(&mut self.digest).finalize().into();
        self.store_part(Some(sha256))?;
        self.finished = true;
        Ok(Received { document: self.document, sha256, size: self.size })
    }

    /// True where the lease would run out if nothing was stored before the next part is full.
    fn is_slow(&self) -> bool {
        let half = Duration::from_secs(u64::from(self.store.0.settings.lease_seconds) / 2);
        self.parts > 0 && self.stored_at.elapsed() > half
    }

    /// Commits what is packed as the next part; with the hash of all as the last.
    fn store_part(&mut self, sha256: Option<[u8; 32]>) -> Result<(), StoreError> {
        let now = Utc::now().timestamp_micros();
        let lease = now + self.store.lease_micros();
        let (document, part) = (self.document, self.parts);
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        let (packed, store) = (&self.packed, &self.store);
        store.write(|connection| {
            if part == 0 {
                insert_document(connection, document, now)?;
            }
            diesel::insert_into(document_parts::table)
                .values((
                    document_parts::document.eq(document),
                    document_parts::part.eq(part),
                    document_parts::bytes.eq(packed.as_slice()),
                ))
                .execute(connection)?;
            let row = documents::table.find(document);
            let state = if sha256.is_some() { RECEIVED } else { RECEIVING };
            let kept = diesel::update(row)
                .set((
                    documents::state.eq(state),
                    documents::sha256.eq(sha256.as_ref().map(<[u8; 32]>::as_slice)),
                    documents::size.eq(size),
                    documents::lease_until.eq(Some(lease)),
                ))
                .execute(connection)?;
            if kept == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
        })?;
        self.parts += 1;
        self.packed.clear();
        self.stored_at = Instant::now();
        Ok(())
    }
}

fn insert_document(connection: &mut AnyConnection, document: i64, now: i64) -> Result<(), StoreError> {
    diesel::insert_into(documents::table)
        .values((
            documents::id.eq(document),
            documents::state.eq(RECEIVING),
            documents::size.eq(0),
            documents::sender.eq(""),
            documents::receiver.eq(""),
            documents::instance_identifier.eq(""),
            documents::kind.eq(""),
            documents::syntax.eq(""),
            documents::received_at.eq(now),
            documents::events.eq(0),
        ))
        .execute(connection)?;
    Ok(())
}

impl Write for Receiving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut block = [0u8; BLOCK_BYTES];
        let mut input = InBuffer::around(bytes);
        // The encoder may give out much before it takes anything in.
        while input.pos() == 0 && !bytes.is_empty() {
            let mut out = OutBuffer::around(block.as_mut_slice());
            self.encoder.run(&mut input, &mut out)?;
            self.packed.extend_from_slice(out.as_slice());
        }
        let taken = input.pos();
        self.digest.update(bytes.get(..taken).unwrap_or_default());
        self.size += taken as u64;
        if self.packed.len() >= PART_BYTES || self.is_slow() {
            self.store_part(None).map_err(io::Error::other)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if !self.finished && self.parts > 0 {
            // What stays behind now is swept when its lease has run out.
            let _ = self.store.remove_document(self.document);
        }
    }
}

/// A stored document as a stream. Seeking reads again from the start.
pub struct DocumentInput {
    store: Store,
    document: i64,
    next_part: i64,
    packed: Vec<u8>,
    read_to: usize,
    decoder: Decoder<'static>,
    position: u64,
}

impl DocumentInput {
    /// Loads the next part; false at the end.
    fn load(&mut self) -> io::Result<bool> {
        let (document, part) = (self.document, self.next_part);
        let bytes: Option<Vec<u8>> = self
            .store
            .read(|connection| {
                let row = document_parts::table.find((document, part)).select(document_parts::bytes);
                Ok(row.first(connection).optional()?)
            })
            .map_err(io::Error::other)?;
        let Some(bytes) = bytes else { return Ok(false) };
        self.packed = bytes;
        self.read_to = 0;
        self.next_part += 1;
        Ok(true)
    }
}

impl Read for DocumentInput {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut ended = false;
        loop {
            let mut input = InBuffer::around(self.packed.get(self.read_to..).unwrap_or_default());
            let mut out = OutBuffer::around(bytes);
            self.decoder.run(&mut input, &mut out)?;
            let (taken, given) = (input.pos(), out.pos());
            self.read_to += taken;
            if given > 0 {
                self.position += given as u64;
                return Ok(given);
            }
            if ended {
                return Ok(0);
            }
            if self.read_to >= self.packed.len() {
                ended = !self.load()?;
            }
        }
    }
}

impl Seek for DocumentInput {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(0) => self.position,
            SeekFrom::Current(by) => self.position.checked_add_signed(by).ok_or_else(before_start)?,
            SeekFrom::End(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        if target < self.position {
            self.next_part = 0;
            self.packed.clear();
            self.read_to = 0;
            self.decoder = Decoder::new()?;
            self.position = 0;
        }
        let skip = target - self.position;
        io::copy(&mut self.by_ref().take(skip), &mut io::sink())?;
        Ok(self.position)
    }
}

fn before_start() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a place before the start")
}
