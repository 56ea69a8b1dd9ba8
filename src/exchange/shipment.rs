//! Files of shipments on their way to their next owners.

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;

use crate::access::Caller;
use crate::export::shipment::ShipmentFile;
use crate::export::shipment::ShipmentRequest;
use crate::formats::Format;
use crate::store::Content;
use crate::store::NewDelivery;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport::Cargo;

/// Channels of one partner that are looked at.
const MOST_CHANNELS: i64 = 100;

/// Puts the file of a shipment, which capture has taken, on its way to the buyer by each of its channels that carries documents.
/// It is sent once our own capture is finished, and the same file again changes nothing. The names of the channels.
pub fn offer_shipment(
    store: &Store,
    caller: &Caller,
    (request, file): (&ShipmentRequest, &ShipmentFile),
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let buyer = request.buyer.gln().map(|gln| store.partner_with_gln(caller, gln)).transpose()?.flatten();
    let Some(buyer) = buyer else { return Ok(Vec::new()) };
    let digits: String = Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let Some(job) = store.job_of_bytes(&digits)? else { return Ok(Vec::new()) };
    let mut offered = Vec::new();
    for record in store.channels(caller, Some(&buyer.id), None, MOST_CHANNELS)? {
        let channel = record.channel;
        if !channel.carries(Cargo::Documents) {
            continue;
        }
        let delivery = NewDelivery {
            channel: channel.id.clone(),
            key: format!("document:{}", job.document),
            cargo: Cargo::Documents,
            name: file_name(&request.number, file.media_type),
            media_type: file.media_type.to_owned(),
            content: Content::Document(job.document),
        };
        if store.put_delivery(caller, &delivery, now)?.is_some() {
            offered.push(channel.id);
        }
    }
    Ok(offered)
}

/// A name that every file system takes.
fn file_name(number: &str, media_type: &str) -> String {
    let kept =
        |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    let name: String = number.trim_start_matches('.').chars().take(100).map(kept).collect();
    let ending = if media_type == Format::JsonLd.media_type() { "jsonld" } else { "xml" };
    format!("{name}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_the_name_of_a_file() {
        let check = |number: &str, expected: &str| assert_eq!(file_name(number, "application/xml"), expected);
        check("D-1", "D-1.xml");
        assert_eq!(file_name("D-1", Format::JsonLd.media_type()), "D-1.jsonld");
        check("../urn:epcglobal:cbv:bt:0614141000012:D 1", "_urn_epcglobal_cbv_bt_0614141000012_D_1.xml");
    }
}
