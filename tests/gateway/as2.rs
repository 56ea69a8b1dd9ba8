//! AS2 with a foreign implementation: every combination of signature, envelope, compression, digest and receipt, both ways.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::sync::LazyLock;

use chrono::DateTime;
use chrono::Utc;
use epcgate::transport::as2::Answer;
use epcgate::transport::as2::Cipher;
use epcgate::transport::as2::Compression;
use epcgate::transport::as2::Digest;
use epcgate::transport::as2::Disposition;
use epcgate::transport::as2::Fields;
use epcgate::transport::as2::Identity;
use epcgate::transport::as2::Limits;
use epcgate::transport::as2::OwnSettings;
use epcgate::transport::as2::Parcel;
use epcgate::transport::as2::Parties;
use epcgate::transport::as2::Pinned;
use epcgate::transport::as2::Receipts;
use epcgate::transport::as2::Required;
use epcgate::transport::as2::Sending;
use epcgate::transport::as2::Settings;
use epcgate::transport::as2::Trouble;
use epcgate::transport::as2::Weak;
use epcgate::transport::as2::Wish;
use epcgate::transport::as2::build;
use epcgate::transport::as2::open;
use epcgate::transport::as2::read_receipt;
use epcgate::transport::as2::write_receipt;
use serde_json::Value;
use serde_json::json;

use crate::as2_peer::Peer;
use crate::as2_peer::Wire;
use crate::as2_peer::base64;
use crate::as2_peer::bytes;

/// Lines end as the peer writes them.
const DOCUMENT: &[u8] = b"<?xml version=\"1.0\"?>\r\n<epcis:EPCISDocument>\xc3\xa4</epcis:EPCISDocument>\r\n";

const LIMITS: Limits = Limits { content_bytes: 64 << 20, expansion: 200 };

/// Keys of ours and of the peer.
static KEYS: LazyLock<[String; 2]> =
    LazyLock::new(|| ["here", "peer"].map(|name| Identity::make(name, 30, Utc::now()).unwrap()));

fn identity(which: usize) -> Identity {
    Identity::from_pem(KEYS[which].as_bytes()).unwrap()
}

/// One row of the matrix.
#[derive(Clone, Copy, Debug)]
struct Row {
    digest: Option<Digest>,
    cipher: Option<Cipher>,
    compression: Compression,
    receipts: Receipts,
    signed_receipts: bool,
}

impl Row {
    /// Each that both sides have: compression before the signature is the only one that the peer writes.
    fn all() -> Vec<Row> {
        let mut rows = Vec::new();
        for digest in
            [None, Some(Digest::Sha1), Some(Digest::Sha256), Some(Digest::Sha384), Some(Digest::Sha512)]
        {
            for cipher in [
                None,
                Some(Cipher::Aes128Cbc),
                Some(Cipher::Aes192Cbc),
                Some(Cipher::Aes256Cbc),
                Some(Cipher::TripleDes),
            ] {
                for compression in [Compression::None, Compression::BeforeSigning] {
                    for receipts in [Receipts::Sync, Receipts::Async] {
                        for signed_receipts in [true, false] {
                            rows.push(Row { digest, cipher, compression, receipts, signed_receipts });
                        }
                    }
                }
            }
        }
        rows
    }

    fn settings(self) -> Settings {
        let certificate = identity(1).public_pem().unwrap();
        Settings {
            our_name: "We, here".to_owned(),
            partner_name: "Peer \"1\"".to_owned(),
            certificates: vec![Pinned { certificate, ..Pinned::default() }],
            required: Required { signed: self.digest.is_some(), encrypted: self.cipher.is_some() },
            weak: vec![Weak::Sha1, Weak::TripleDes],
            receipt_url: "https://peer.example/mdn".to_owned(),
            sending: Sending {
                digest: self.digest,
                cipher: self.cipher,
                compression: self.compression,
                receipts: self.receipts,
                signed_receipts: self.signed_receipts,
                ..Sending::default()
            },
            ..Settings::default()
        }
    }

    /// What the peer is told.
    fn asked(self, operation: &str) -> Value {
        let digest = self.digest.unwrap_or_default().as_str().replace('-', "");
        let cipher = match self.cipher {
            Some(Cipher::Aes128Cbc) => "aes_128_cbc",
            Some(Cipher::Aes192Cbc) => "aes_192_cbc",
            Some(Cipher::TripleDes) => "tripledes_192_cbc",
            _ => "aes_256_cbc",
        };
        json!({
            "op": operation,
            "own_name": "Peer \"1\"",
            "own_pem": KEYS[1],
            "partner_name": "We, here",
            "partner_pem": identity(0).public_pem().unwrap(),
            "mdn_url": "https://peer.example/mdn",
            "agreed": {
                "sign": self.digest.is_some(),
                "digest": digest,
                "encrypt": self.cipher.is_some(),
                "cipher": cipher,
                "compress": self.compression != Compression::None,
                "mdn_mode": if self.receipts == Receipts::Async { "ASYNC" } else { "SYNC" },
                "mdn_digest": self.signed_receipts.then_some(digest),
            },
        })
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

#[test]
fn what_we_send_is_read_by_the_peer_and_its_receipt_by_us() {
    let mut peer = Peer::start();
    let own =
        OwnSettings { receipt_url: "https://here.example/as2/mdn".to_owned(), ..OwnSettings::default() };
    for row in Row::all() {
        let settings = row.settings();
        let parcel = Parcel {
            content: DOCUMENT,
            media_type: "application/xml",
            file_name: "ours.xml",
            message_id: "one@here.example",
            unique: 1,
        };
        let built = build(&settings, &own, &identity(0), &parcel, now()).unwrap();
        let wire = Wire { fields: built.fields, body: built.body };
        let answer = peer.ask(&wire.asked(&row.asked("read")));
        assert_eq!((&answer["status"], &answer["error"]), (&json!("processed"), &json!("")), "{row:?}");
        assert_eq!(bytes(&answer["content"]), DOCUMENT, "{row:?}");
        let seen = (row.digest.is_some(), row.cipher.is_some(), row.compression != Compression::None);
        assert_eq!(
            (&answer["signed"], &answer["encrypted"], &answer["compressed"]),
            (&seen.0.into(), &seen.1.into(), &seen.2.into())
        );
        let asynchronous = row.receipts == Receipts::Async;
        let url = asynchronous.then_some("https://here.example/as2/mdn");
        assert_eq!(answer["receipt_url"].as_str(), url, "{row:?}");
        let receipt = Wire::of(&answer["receipt"]);
        let fields = Fields::of(receipt.fields);
        let parties = Parties::read(&fields).unwrap();
        assert!(settings.joins(&parties.from, &parties.to), "{row:?}");
        let evidence = read_receipt(&fields, receipt.body, &settings, now()).unwrap();
        assert_eq!(evidence.disposition, Disposition::Processed);
        assert_eq!(evidence.signer.is_some(), row.signed_receipts, "{row:?}");
        assert_eq!(evidence.mic.is_some(), row.digest.is_some(), "{row:?}");
        assert_eq!(evidence.settles("one@here.example", &built.mics, &settings), Ok(()), "{row:?}");
    }
}

#[test]
fn what_the_peer_sends_is_read_by_us_and_our_receipt_by_it() {
    let mut peer = Peer::start();
    for row in Row::all() {
        let settings = row.settings();
        let mut question = row.asked("build");
        question["content"] = base64(DOCUMENT);
        let built = peer.ask(&question);
        let message = Wire::of(&built);
        let fields = Fields::of(message.fields);
        let parties = Parties::read(&fields).unwrap();
        assert!(settings.joins(&parties.from, &parties.to), "{parties:?}");
        let wish = Wish::read(&fields, &settings).unwrap();
        assert_eq!(wish.url.is_some(), row.receipts == Receipts::Async);
        assert_eq!(wish.signed, row.signed_receipts.then(|| row.digest.unwrap_or_default()), "{row:?}");
        let opened = open((&fields, message.body), &settings, &[identity(0)], LIMITS, (wish.signed, now()));
        let opened = opened.unwrap_or_else(|refusal| panic!("{row:?}: {refusal}"));
        assert_eq!(opened.content, DOCUMENT, "{row:?}");
        assert_eq!((opened.cipher, opened.signer.is_some()), (row.cipher, row.digest.is_some()));
        assert_eq!(opened.file_name.as_deref(), Some("peer.xml"));
        let answer = Answer {
            message_id: "two@here.example".to_owned(),
            original_message_id: parties.message_id.clone(),
            disposition: Disposition::Processed,
            mic: Some(opened.mic),
            spelling: wish.spelling,
            words: "taken".to_owned(),
            signed: wish.signed,
        };
        let told = |answer: &Answer| {
            let (fields, body) = write_receipt(answer, &settings, Some(&identity(0)), 3, now()).unwrap();
            Wire { fields, body }.asked(&json!({ "op": "read_receipt" }))
        };
        let read = peer.ask(&told(&answer));
        assert_eq!((&read["status"], &read["detail"]), (&json!("processed"), &Value::Null), "{row:?}");
        assert_eq!(read["message_id"], built["message_id"]);
        let refused = Answer { disposition: Trouble::DecryptionFailed.disposition(), mic: None, ..answer };
        let read = peer.ask(&told(&refused));
        assert_eq!(
            (&read["status"], &read["detail"]),
            (&json!("processed/error"), &json!("decryption-failed"))
        );
    }
}

/// `openssl cms` with these arguments, on this input.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .arg("cms")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || questions.write_all(&input));
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[test]
fn envelopes_and_signatures_of_indefinite_length_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ours = write("ours.pem", &identity(0).public_pem().unwrap());
    let theirs = write("theirs.pem", &KEYS[1]);
    let content: Vec<u8> = DOCUMENT.repeat(2_000);
    let part = [b"Content-Type: application/xml\r\n\r\n".as_slice(), &content].concat();
    let signature = openssl(
        &["-sign", "-binary", "-stream", "-outform", "DER", "-md", "sha512", "-signer", &theirs],
        &part,
    );
    let multipart = [
        b"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-512; boundary=\"b\"\r\n\r\n--b\r\n"
            .as_slice(),
        &part,
        b"\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        base64(&signature).as_str().unwrap().as_bytes(),
        b"\r\n--b--\r\n",
    ]
    .concat();
    for (option, cipher) in [("-aes-128-cbc", Cipher::Aes128Cbc), ("-aes-256-gcm", Cipher::Aes256Gcm)] {
        let sealed =
            openssl(&["-encrypt", "-binary", "-stream", "-outform", "DER", option, &ours], &multipart);
        assert_eq!(sealed[1], 0x80, "its length should be indefinite");
        let row = Row {
            digest: Some(Digest::Sha512),
            cipher: Some(cipher),
            compression: Compression::None,
            receipts: Receipts::Sync,
            signed_receipts: true,
        };
        let fields = Fields::of(vec![("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())]);
        let opened = open((&fields, sealed), &row.settings(), &[identity(0)], LIMITS, (None, now())).unwrap();
        assert_eq!((opened.content == content, opened.cipher), (true, Some(cipher)));
    }
}
