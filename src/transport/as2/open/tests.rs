//! Every combination there and back, and what is refused.

use super::*;
use crate::transport::as2::Answer;
use crate::transport::as2::Built;
use crate::transport::as2::Compression;
use crate::transport::as2::Disposition;
use crate::transport::as2::Parcel;
use crate::transport::as2::Parties;
use crate::transport::as2::Pinned;
use crate::transport::as2::ReceiptFault;
use crate::transport::as2::Receipts;
use crate::transport::as2::Required;
use crate::transport::as2::Sending;
use crate::transport::as2::Weak;
use crate::transport::as2::Wish;
use crate::transport::as2::build;
use crate::transport::as2::read_receipt;
use crate::transport::as2::testing::identity;
use crate::transport::as2::testing::now;
use crate::transport::as2::write_receipt;

const LIMITS: Limits = Limits { content_bytes: 1 << 20, expansion: 100 };

const DOCUMENT: &[u8] = b"<epcis:EPCISDocument>\nwith bare ends of lines\n\xc3\xa4</epcis:EPCISDocument>";

/// The channel as `identity(which)` has it: the other side's certificate is pinned.
fn channel(which: usize, sending: Sending) -> Settings {
    let (our_name, partner_name) = if which == 0 { ("Here", "over there") } else { ("over there", "Here") };
    let certificate = identity(1 - which).public_pem().unwrap();
    Settings {
        our_name: our_name.to_owned(),
        partner_name: partner_name.to_owned(),
        certificates: vec![Pinned { certificate, ..Pinned::default() }],
        required: Required { signed: sending.digest.is_some(), encrypted: sending.cipher.is_some() },
        weak: vec![Weak::Md5, Weak::Sha1, Weak::TripleDes],
        sending,
        ..Settings::default()
    }
}

fn sent(settings: &Settings, content: &[u8]) -> Built {
    let parcel =
        Parcel { content, media_type: "application/xml", file_name: "a b.xml", message_id: "1@x", unique: 7 };
    let own =
        OwnSettings { receipt_url: "https://here.example/as2/mdn".to_owned(), ..OwnSettings::default() };
    build(settings, &own, identity(0), &parcel, now()).unwrap()
}

fn opened(built: &Built, settings: &Settings) -> Result<Opened, Refusal> {
    let fields = Fields::of(built.fields.clone());
    let unsigned = Wish::read(&fields, settings).and_then(|wish| wish.signed);
    open((&fields, built.body.clone()), settings, &[identity(1).clone()], LIMITS, (unsigned, now()))
}

fn every_sending() -> Vec<Sending> {
    let digests = [None, Some(Digest::Sha1), Some(Digest::Sha256), Some(Digest::Sha512)];
    let ciphers = [None, Some(Cipher::Aes256Cbc), Some(Cipher::Aes128Gcm), Some(Cipher::TripleDes)];
    let compressions = [Compression::None, Compression::BeforeSigning, Compression::AfterSigning];
    let mut all = Vec::new();
    for digest in digests {
        for cipher in ciphers {
            for compression in compressions {
                all.push(Sending { digest, cipher, compression, ..Sending::default() });
            }
        }
    }
    all
}

#[test]
fn every_combination_comes_back_with_a_receipt_that_settles() {
    for sending in every_sending() {
        let (here, there) = (channel(0, sending.clone()), channel(1, sending.clone()));
        let built = sent(&here, DOCUMENT);
        let found = opened(&built, &there).unwrap();
        assert_eq!(found.content, DOCUMENT, "{sending:?}");
        assert_eq!((&*found.media_type, found.file_name.as_deref()), ("application/xml", Some("a_b.xml")));
        assert_eq!((found.cipher, found.signer.is_some()), (sending.cipher, sending.digest.is_some()));
        assert_eq!(found.compressed, sending.compression != Compression::None);
        assert!(built.mics.contains(&found.mic), "{sending:?}");
        let fields = Fields::of(built.fields);
        let parties = Parties::read(&fields).unwrap();
        assert!(there.joins(&parties.from, &parties.to));
        let wish = Wish::read(&fields, &there).unwrap();
        let answer = Answer {
            message_id: "2@x".to_owned(),
            original_message_id: parties.message_id,
            disposition: Disposition::Processed,
            mic: Some(found.mic),
            spelling: wish.spelling,
            words: "taken".to_owned(),
            signed: wish.signed,
        };
        let (fields, body) = write_receipt(&answer, &there, Some(identity(1)), 9, now()).unwrap();
        let evidence = read_receipt(&Fields::of(fields), body, &here, now()).unwrap();
        assert_eq!(evidence.settles("1@x", &built.mics, &here), Ok(()), "{sending:?}");
        assert_eq!((evidence.words.as_str(), evidence.signer.is_some()), ("taken", true));
        let other = evidence.settles("3@x", &built.mics, &here);
        assert_eq!(other, Err(ReceiptFault::OtherMessage("1@x".to_owned())));
        assert!(matches!(evidence.settles("1@x", &[], &here), Err(ReceiptFault::OtherBytes(_))));
    }
}

fn check(sending: Sending, change: impl FnOnce(&mut Built, &mut Settings), expected: Trouble) {
    let built = &mut sent(&channel(0, sending.clone()), DOCUMENT);
    let mut settings = channel(1, sending);
    change(built, &mut settings);
    assert_eq!(opened(built, &settings).map_err(|refusal| refusal.trouble), Err(expected));
}

fn signed() -> Sending {
    Sending { cipher: None, ..Sending::default() }
}

fn swap(built: &mut Built, from: &[u8], to: &[u8]) {
    let at = memchr::memmem::find(&built.body, from).unwrap();
    built.body.splice(at..at + from.len(), to.iter().copied());
}

#[test]
fn what_is_less_protected_than_agreed_is_refused() {
    let none = Sending { digest: None, cipher: None, ..Sending::default() };
    let require = |signed, encrypted| {
        move |_: &mut Built, settings: &mut Settings| settings.required = Required { signed, encrypted }
    };
    check(none.clone(), require(true, false), Trouble::InsufficientSecurity);
    check(none, require(false, true), Trouble::InsufficientSecurity);
    check(signed(), require(true, true), Trouble::InsufficientSecurity);
    check(Sending { digest: None, ..Sending::default() }, require(true, true), Trouble::InsufficientSecurity);
    let weak = |_: &mut Built, settings: &mut Settings| settings.weak.clear();
    check(Sending { digest: Some(Digest::Sha1), ..signed() }, weak, Trouble::UnsupportedMic);
    check(
        Sending { cipher: Some(Cipher::TripleDes), ..Sending::default() },
        weak,
        Trouble::InsufficientSecurity,
    );
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    check(signed(), |built, _| swap(built, b"bare", b"rare"), Trouble::IntegrityCheckFailed);
    check(signed(), |_, settings| settings.certificates.clear(), Trouble::AuthenticationFailed);
    check(signed(), |built, _| built.body.extend_from_slice(b"more"), Trouble::UnsupportedFormat);
    check(signed(), |built, _| built.body.truncate(100), Trouble::UnsupportedFormat);
    check(Sending::default(), |built, _| built.body[300] ^= 1, Trouble::DecryptionFailed);
    check(Sending::default(), |built, _| built.body.clear(), Trouble::UnsupportedFormat);
}

#[test]
fn what_is_wrong_in_an_envelope_is_told_as_if_it_did_not_open() {
    let inner = sent(&channel(0, signed()), DOCUMENT);
    let content_type = inner.fields.iter().find(|(name, _)| name == "Content-Type").unwrap();
    let whole = [format!("Content-Type: {}\r\n\r\n", content_type.1).into_bytes(), inner.body, b"x".to_vec()]
        .concat();
    let sealed = enveloped::encrypt(&whole, Cipher::Aes256Cbc, identity(1).certificate.clone()).unwrap();
    check(Sending::default(), |built, _| built.body = sealed, Trouble::DecryptionFailed);
}

#[test]
fn bombs_are_refused() {
    let sending = Sending { compression: Compression::BeforeSigning, ..Sending::default() };
    let (here, there) = (channel(0, sending.clone()), channel(1, sending));
    let long = opened(&sent(&here, &vec![b' '; 2 << 20]), &there).unwrap_err();
    assert_eq!(long.trouble, Trouble::DecompressionFailed);
    let noise: Vec<u8> = (0..2_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let plain = Sending { compression: Compression::None, ..Sending::default() };
    let long = opened(&sent(&channel(0, plain.clone()), &noise), &channel(1, plain)).unwrap_err();
    assert!(long.words.contains("SFTP"), "{long}");
}

#[test]
fn receipts_that_prove_nothing_are_told() {
    let here = channel(0, signed());
    let there = channel(1, signed());
    let answer = Answer {
        message_id: "2@x".to_owned(),
        original_message_id: "1@x".to_owned(),
        disposition: Trouble::DecryptionFailed.disposition(),
        mic: None,
        spelling: String::new(),
        words: "no\r\nkey".to_owned(),
        signed: None,
    };
    let told = |answer: &Answer, which: usize| {
        let (fields, body) = write_receipt(answer, &there, Some(identity(which)), 9, now()).unwrap();
        let evidence = read_receipt(&Fields::of(fields), body, &here, now())?;
        evidence.settles("1@x", &[], &here)
    };
    assert_eq!(told(&answer, 1), Err(ReceiptFault::Unsigned));
    let signed = Answer { signed: Some(Digest::Sha256), ..answer };
    assert!(matches!(told(&signed, 0), Err(ReceiptFault::Signature(_))));
    let refused = told(&signed, 1).unwrap_err().to_string();
    assert!(refused.contains("processed/error: decryption-failed): nokey"), "{refused}");
    let fields = Fields::of(vec![("Content-Type".to_owned(), "text/html".to_owned())]);
    let page = read_receipt(&fields, b"<html>".to_vec(), &here, now());
    assert!(matches!(page, Err(ReceiptFault::NoReceipt(_))));
}

#[test]
fn receipts_are_asked_for_as_agreed() {
    let field = |receipts: Receipts, name: &str| {
        let sending = Sending { receipts, ..signed() };
        Fields::of(sent(&channel(0, sending), b"").fields).field(name).map(str::to_owned)
    };
    assert_eq!(field(Receipts::None, "Disposition-Notification-To"), None);
    assert_eq!(field(Receipts::Sync, "Receipt-Delivery-Option"), None);
    assert_eq!(field(Receipts::Async, "Receipt-Delivery-Option").unwrap(), "https://here.example/as2/mdn");
    assert_eq!(field(Receipts::Sync, "as2-to").unwrap(), "\"over there\"");
}
