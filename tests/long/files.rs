//! The large document by SFTP, from a partner's server into the gateway and back to it: peak memory and time.

use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::store::ArrivalFilter;
use epcgate::store::Content;
use epcgate::store::NewDelivery;
use epcgate::store::Store;
use epcgate::transport::Cargo;
use epcgate::transport::PartnerChannel;
use serde_json::json;

use crate::large_document;
use crate::memory::peak;
use crate::sshd::Sshd;

/// What we promise, in megabytes.
const MOST: u64 = 256;

#[test]
fn a_large_document_comes_and_goes_by_sftp_in_little_memory() {
    let sshd = Sshd::start();
    let text = large_document();
    fs::copy(&text, sshd.home("large.tmp")).unwrap();
    fs::rename(sshd.home("large.tmp"), sshd.home("out/large.xml")).unwrap();
    let size = fs::metadata(&text).unwrap().len();
    let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let url = data.path().join("epcgate.sqlite");
    let store = Store::open(url.to_str().unwrap(), &Default::default()).unwrap();
    let by = json!({ "id": "acme", "by": { "sftp": sshd.channel(json!({})) } });
    let channel: PartnerChannel = serde_json::from_value(by).unwrap();
    store.put_channel(&Caller::operator(), &channel, Utc::now()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .env("EPCGATE_OUTBOUND__ALLOW_LOOPBACK", "true")
        .env("EPCGATE_OUTBOUND__SECRETS", sshd.secrets())
        .env("EPCGATE_LOG__LEVEL", "warn")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let wait = |found: &dyn Fn() -> bool| {
        while !found() {
            assert!(began.elapsed() < Duration::from_secs(3_600), "nothing came of it");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let arrivals = || store.arrivals(&Caller::operator(), &ArrivalFilter::default(), None, 10).unwrap();
    wait(&|| !arrivals().is_empty());
    let came = began.elapsed().as_secs_f64();
    wait(&|| {
        let job = store.job(&Caller::operator(), &arrivals()[0].job).unwrap();
        job.is_some_and(|job| !job.running)
    });
    let delivery = NewDelivery {
        channel: "acme".to_owned(),
        key: "large".to_owned(),
        cargo: Cargo::Documents,
        name: "large.xml".to_owned(),
        media_type: "application/xml".to_owned(),
        content: Content::Document(arrivals()[0].document),
    };
    let (id, sending) =
        (store.put_delivery(&Caller::operator(), &delivery, Utc::now()).unwrap().unwrap(), Instant::now());
    wait(&|| {
        let delivery = store.delivery(&Caller::operator(), &id).unwrap().unwrap();
        delivery.state.as_str() == "delivered"
    });
    let went = sending.elapsed().as_secs_f64();
    let most = peak(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    println!("sftp     peak memory {most:>4} MB, {came:>6.1} s in, {went:>6.1} s out, {size} bytes");
    assert_eq!(fs::metadata(sshd.home(&format!("in/large_{id}.xml"))).unwrap().len(), size);
    assert!(most < MOST, "{most} MB at its peak; {MOST} MB are promised");
}
