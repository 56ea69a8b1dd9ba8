//! AS2 with OpenAS2, whose Bouncy Castle writes indefinite lengths: what each side writes is read by the other, and both
//! come to the same integrity check. `tests/run` runs this where Java and Maven are, and says so where they are not.

use chrono::Utc;
use epcgate::transport::as2::Cipher;
use epcgate::transport::as2::Compression;
use epcgate::transport::as2::Digest;
use epcgate::transport::as2::Fields;
use epcgate::transport::as2::Identity;
use epcgate::transport::as2::Limits;
use epcgate::transport::as2::Mic;
use epcgate::transport::as2::OwnSettings;
use epcgate::transport::as2::Parcel;
use epcgate::transport::as2::Pinned;
use epcgate::transport::as2::Required;
use epcgate::transport::as2::Sending;
use epcgate::transport::as2::Settings;
use epcgate::transport::as2::Weak;
use epcgate::transport::as2::build;
use epcgate::transport::as2::open;
use serde_json::Value;
use serde_json::json;

use crate::as2_peer::Peer;
use crate::as2_peer::Wire;
use crate::as2_peer::base64;
use crate::as2_peer::bytes;

const DOCUMENT: &[u8] = b"<?xml version=\"1.0\"?>\n<epcis:EPCISDocument>\xc3\xa4</epcis:EPCISDocument>\n";

const LIMITS: Limits = Limits { content_bytes: 1 << 20, expansion: 200 };

fn sendings() -> Vec<Sending> {
    let digests =
        [None, Some(Digest::Sha1), Some(Digest::Sha256), Some(Digest::Sha384), Some(Digest::Sha512)];
    let ciphers = [
        None,
        Some(Cipher::TripleDes),
        Some(Cipher::Aes128Cbc),
        Some(Cipher::Aes192Cbc),
        Some(Cipher::Aes256Cbc),
    ];
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

fn settings(sending: &Sending, certificate: String) -> Settings {
    Settings {
        our_name: "here".to_owned(),
        partner_name: "peer".to_owned(),
        certificates: vec![Pinned { certificate, ..Pinned::default() }],
        required: Required { signed: sending.digest.is_some(), encrypted: sending.cipher.is_some() },
        weak: vec![Weak::Sha1, Weak::TripleDes],
        sending: sending.clone(),
        ..Settings::default()
    }
}

fn asked(operation: &str, sending: &Sending, keys: &[String; 2]) -> Value {
    let ours = Identity::from_pem(keys[0].as_bytes()).unwrap().public_pem().unwrap();
    let mut question = json!({ "op": operation, "own_pem": keys[1], "partner_pem": ours });
    if let Some(digest) = sending.digest {
        question["digest"] = digest.as_str().replace('-', "").into();
    }
    let cipher = sending.cipher.map(|cipher| match cipher {
        Cipher::TripleDes => "3des",
        Cipher::Aes128Cbc => "aes128",
        Cipher::Aes192Cbc => "aes192",
        _ => "aes256",
    });
    question["cipher"] = cipher.unwrap_or_default().into();
    question["compress"] = (sending.compression != Compression::None).into();
    question
}

#[test]
#[ignore = "needs Java and Maven; tests/run runs it"]
fn openas2_reads_what_we_write_and_we_what_it_writes() {
    let keys = ["here", "peer"].map(|name| Identity::make(name, 30, Utc::now()).unwrap());
    let [ours, theirs] = [0, 1].map(|which: usize| Identity::from_pem(keys[which].as_bytes()).unwrap());
    let mut peer = Peer::java();
    for sending in sendings() {
        let agreed = settings(&sending, theirs.public_pem().unwrap());
        let parcel = Parcel {
            content: DOCUMENT,
            media_type: "application/xml",
            file_name: "ours.xml",
            message_id: "1@here",
            unique: 1,
        };
        let built = build(&agreed, &OwnSettings::default(), &ours, &parcel, Utc::now()).unwrap();
        let wire = Wire { fields: built.fields, body: built.body };
        let read = peer.ask(&wire.asked(&asked("read", &sending, &keys)));
        assert_eq!(bytes(&read["content"]), DOCUMENT, "{sending:?}");
        // Without a signature OpenAS2 takes the check of what is compressed, where RFC 5402 has it of what is in it.
        if sending.digest.is_some() || sending.compression == Compression::None {
            let mic = Mic::parse(read["mic"].as_str().unwrap()).unwrap();
            assert!(built.mics.contains(&mic), "{sending:?}: {mic} {:?}", built.mics);
        }
        if sending.compression == Compression::AfterSigning {
            continue;
        }
        let mut question = asked("build", &sending, &keys);
        question["content"] = base64(DOCUMENT);
        let answer = peer.ask(&question);
        let wire = Wire::of(&answer);
        let opened = open(
            (&Fields::of(wire.fields), wire.body),
            &agreed,
            std::slice::from_ref(&ours),
            LIMITS,
            (None, Utc::now()),
        );
        let opened = opened.unwrap_or_else(|refusal| panic!("{sending:?}: {refusal}"));
        assert_eq!((&*opened.content, opened.cipher), (DOCUMENT, sending.cipher), "{sending:?}");
        assert_eq!(opened.signer.is_some(), sending.digest.is_some());
        if sending.digest.is_some() || sending.compression == Compression::None {
            assert_eq!(Mic::parse(answer["mic"].as_str().unwrap()), Some(opened.mic), "{sending:?}");
        }
    }
}
