//! What a delivery brings, ready to be sent as a file: its name, its size, and its bytes as they are read.

use std::io;
use std::io::Read;

use crate::access::Caller;
use crate::exchange::Body;
use crate::exchange::Outgoing;
use crate::transport::FileName;

/// Bytes at the beginning of a document in which it says what it is.
const HEAD: usize = 2_048;

/// A delivery as a file.
pub(super) struct Parcel {
    /// Its name, which no other delivery has.
    pub(super) name: FileName,
    /// How many bytes there are.
    pub(super) bytes: u64,
    /// The bytes.
    pub(super) content: Box<dyn Read + Send>,
    /// The version of EPCIS; empty where that is not known.
    pub(super) version: &'static str,
}

/// Opens what a delivery brings, on a thread that may wait.
pub(super) async fn opened(delivery: &Outgoing) -> io::Result<Parcel> {
    let delivery = delivery.clone();
    let opened = tokio::task::spawn_blocking(move || open(&delivery)).await;
    opened.unwrap_or_else(|_| Err(io::Error::other("reading it ended in a panic")))
}

fn open(delivery: &Outgoing) -> io::Result<Parcel> {
    let bytes = match &delivery.body {
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Document(store, document) => {
            let record = store.document(&Caller::operator(), *document).map_err(io::Error::other)?;
            record.ok_or_else(|| io::Error::other("the document is not there any more"))?.size
        }
    };
    let mut head = Vec::new();
    delivery.open()?.take(HEAD as u64).read_to_end(&mut head)?;
    let version = version(&delivery.media_type, &String::from_utf8_lossy(&head));
    Ok(Parcel { name: file_name(delivery)?, bytes, content: delivery.open()?, version })
}

/// `GS1-EPCIS-Version` of a document that begins so.
fn version(media_type: &str, head: &str) -> &'static str {
    if media_type.contains("json") || head.contains("urn:epcglobal:epcis:xsd:2") {
        "2.0.0"
    } else if head.contains("urn:epcglobal:epcis:xsd:1") {
        "1.2.0"
    } else {
        ""
    }
}

/// The name of the delivery with its identifier before the ending, so that no two are the same and each try has the same.
fn file_name(delivery: &Outgoing) -> io::Result<FileName> {
    let ending = match delivery.media_type.as_str() {
        media_type if media_type.contains("ld+json") => "jsonld",
        media_type if media_type.contains("json") => "json",
        _ => "xml",
    };
    let (stem, ending) = delivery.name.rsplit_once('.').unwrap_or((&delivery.name, ending));
    let named = FileName::parse(&format!("{stem}_{}.{ending}", delivery.id));
    let named = named.or_else(|_| FileName::parse(&format!("epcgate_{}.xml", delivery.id)));
    named.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::transport::Cargo;

    fn check(name: &str, media_type: &str, expected: &str) {
        let by = serde_json::json!({ "id": "a", "by": { "folder": { "drop_off": { "folder": "/a" } } } });
        let delivery = Outgoing {
            id: "7".to_owned(),
            channel: serde_json::from_value(by).unwrap(),
            cargo: Cargo::Documents,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            at: DateTime::UNIX_EPOCH,
            attempt: 1,
            body: Body::Bytes(b"<a>".to_vec()),
        };
        assert_eq!(open(&delivery).unwrap().name.as_str(), expected, "{name}");
    }

    #[test]
    fn every_delivery_has_a_name_of_its_own() {
        check("ASN-1.xml", "application/xml", "ASN-1_7.xml");
        check("answer", "application/json", "answer_7.json");
        check("events", "application/ld+json", "events_7.jsonld");
        check("../../etc/passwd", "application/xml", "epcgate_7.xml");
        check("a\nb.xml", "application/xml", "epcgate_7.xml");
    }

    #[test]
    fn a_document_says_its_version() {
        assert_eq!(version("application/xml", "<e xmlns=\"urn:epcglobal:epcis:xsd:1\""), "1.2.0");
        assert_eq!(version("application/xml", "<e xmlns=\"urn:epcglobal:epcis:xsd:2\""), "2.0.0");
        assert_eq!((version("application/ld+json", ""), version("text/plain", "")), ("2.0.0", ""));
    }
}
