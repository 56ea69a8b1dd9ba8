//! Folders of this machine: files taken once, whole, and put away; files dropped off whole.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::Utc;
use epcgate::access::Caller;
use epcgate::store::ArrivalFilter;
use epcgate::store::Store;
use epcgate::transport::PartnerChannel;
use epcgate::transport::Settings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::xml_1_2;
use crate::picking::Picking;
use crate::picking::on_each_database;
use crate::picking::wait;
use crate::postgres;
use crate::process::Gateway;
use crate::webhooks::kills;

on_each_database! {
    files_are_taken_once_and_put_away,
    a_file_that_grows_is_taken_when_it_is_whole,
    a_done_file_speaks_for_a_file,
    a_file_that_stays_is_taken_once,
    a_file_that_cannot_be_put_away_is_taken_once,
    a_file_is_dropped_off_whole,
}

struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        for folder in ["in", "out", "archive"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Place { root }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn start(&self, url: &str, pick_up: Value) -> Picking {
        let picking = Picking::start(url, &Settings { folders: vec![self.path("")], ..Settings::default() });
        let mut wanted = json!({ "folder": self.path("in"), "settle_seconds": 1, "every_seconds": 1 });
        wanted.as_object_mut().unwrap().extend(pick_up.as_object().unwrap().clone());
        let drop_off = json!({ "folder": self.path("out"), "done_suffix": ".done" });
        picking.channel("acme", &json!({ "folder": { "pick_up": wanted, "drop_off": drop_off } }));
        picking
    }

    /// Writes a file as a careful partner does.
    fn put(&self, name: &str, text: &str) {
        let temporary = self.path(&format!("in/{name}.tmp"));
        fs::write(&temporary, text).unwrap();
        fs::rename(&temporary, self.path(&format!("in/{name}"))).unwrap();
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let names = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> =
            names.map(|name| name.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn files_are_taken_once_and_put_away(url: &str) {
    let place = Place::new();
    fs::write(place.path("secret.xml"), xml_1_2("secret", &[9])).unwrap();
    std::os::unix::fs::symlink(place.path("secret.xml"), place.path("in/link.xml")).unwrap();
    let picking = place.start(url, json!({ "after": { "archive": place.path("archive") } }));
    place.put("a.xml", &xml_1_2("a", &[1, 2]));
    place.put("b.xml", &xml_1_2("b", &[3]));
    let came = picking.took("acme", 2);
    assert_eq!(came.iter().map(|arrival| picking.captured(arrival)).sum::<u64>(), 3);
    assert_eq!(
        (place.names("in"), place.names("archive")),
        (vec!["link.xml".into()], vec!["a.xml".into(), "b.xml".into()])
    );
    assert!(picking.turn("acme").unwrap().said.contains("link.xml"));
    // The same again, under its own name and another: taken, and captured no second time.
    place.put("a.xml", &xml_1_2("a", &[1, 2]));
    place.put("c.xml", &xml_1_2("a", &[1, 2]));
    let came = picking.took("acme", 4);
    assert_eq!(came[0].job, came[1].job);
    assert_eq!(place.names("archive").len(), 4);
}

fn a_file_that_grows_is_taken_when_it_is_whole(url: &str) {
    let place = Place::new();
    let picking = place.start(url, json!({}));
    let text = xml_1_2("a", &(0..500).collect::<Vec<_>>());
    let mut file = OpenOptions::new().create(true).append(true).open(place.path("in/a.xml")).unwrap();
    for part in text.as_bytes().chunks(text.len() / 20) {
        file.write_all(part).unwrap();
        thread::sleep(Duration::from_millis(200));
    }
    drop(file);
    let came = picking.took("acme", 1);
    assert_eq!((came[0].size, picking.captured(&came[0])), (text.len() as u64, 500));
    assert!(place.names("in").is_empty());
}

fn a_done_file_speaks_for_a_file(url: &str) {
    let place = Place::new();
    let picking = place.start(url, json!({ "done_suffix": ".done" }));
    fs::write(place.path("in/a.xml"), xml_1_2("a", &[1])).unwrap();
    picking.looks("acme", 3);
    assert!(picking.arrivals("acme").is_empty());
    fs::write(place.path("in/a.xml.done"), "").unwrap();
    picking.took("acme", 1);
    assert!(place.names("in").is_empty());
}

fn a_file_that_stays_is_taken_once(url: &str) {
    let place = Place::new();
    let picking = place.start(url, json!({ "after": "keep" }));
    place.put("a.xml", &xml_1_2("a", &[1]));
    let came = picking.took("acme", 1);
    assert_eq!((place.names("in"), came[0].resent), (vec!["a.xml".into()], 0));
    // Another file in its place.
    thread::sleep(Duration::from_millis(20));
    place.put("a.xml", &xml_1_2("a", &[2]));
    picking.took("acme", 2);
}

fn a_file_that_cannot_be_put_away_is_taken_once(url: &str) {
    let place = Place::new();
    let picking = place.start(url, json!({ "after": { "archive": place.path("later") } }));
    place.put("a.xml", &xml_1_2("a", &[1]));
    picking.took("acme", 1);
    assert!(picking.turn("acme").unwrap().said.contains("was taken and stays"));
    fs::create_dir(place.path("later")).unwrap();
    wait(|| Some(()).filter(|()| place.names("in").is_empty()));
    assert_eq!(place.names("later"), ["a.xml"]);
    picking.took("acme", 1);
}

fn a_file_is_dropped_off_whole(url: &str) {
    let place = Place::new();
    let picking = place.start(url, json!({}));
    let text = xml_1_2("a", &(0..200).collect::<Vec<_>>());
    let id = picking.send("acme", "ASN-1.xml", &text);
    let sent = picking.sent(&id);
    assert_eq!(sent.state.as_str(), "delivered");
    let name = format!("ASN-1_{id}.xml");
    assert_eq!(place.names("out"), [name.clone(), format!("{name}.done")]);
    assert_eq!(fs::read_to_string(place.path("out").join(name)).unwrap(), text);
}

#[test]
fn two_gateways_on_one_postgresql_take_each_file_once_when_killed() {
    let (place, url) = (Place::new(), postgres::database("inbox_kills"));
    let config = place.path("epcgate.toml");
    let text = format!("[outbound]\nfolders = [{:?}]\n[exchange]\nlease_seconds = 1\n", place.path(""));
    fs::write(&config, text).unwrap();
    let (store, caller) = (Store::open(&url, &Default::default()).unwrap(), Caller::operator());
    let pick_up = json!({ "folder": place.path("in"), "settle_seconds": 1, "every_seconds": 1,
        "after": { "archive": place.path("archive") } });
    let channel = json!({ "id": "acme", "by": { "folder": { "pick_up": pick_up } } });
    let channel: PartnerChannel = serde_json::from_value(channel).unwrap();
    store.put_channel(&caller, &channel, Utc::now()).unwrap();
    let arguments = ["--database", &url, "--config", config.to_str().unwrap()];
    let mut gateways = [Gateway::start(&arguments), Gateway::start(&arguments)];
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut put = 0;
    for _ in 0..kills() {
        for _ in 0..20 {
            put += 1;
            place.put(&format!("{put:04}.xml"), &xml_1_2(&format!("file-{put}"), &[put]));
        }
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        // Somewhere between finding a file, keeping, capturing, answering and putting it away.
        thread::sleep(Duration::from_millis(1_000 + dice % 2_000));
        let one = usize::try_from(dice % 2).unwrap();
        gateways[one].kill();
        gateways[one] = Gateway::start(&arguments);
    }
    let files = usize::try_from(put).unwrap();
    let began = Instant::now();
    let arrivals = loop {
        let arrivals = store.arrivals(&caller, &ArrivalFilter::default(), None, 100_000).unwrap();
        let answered = arrivals.iter().filter(|arrival| !arrival.outcome.is_empty()).count();
        if answered == files && place.names("archive").len() == files {
            break arrivals;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{answered} of {files} answered");
        thread::sleep(Duration::from_millis(100));
    };
    assert!(place.names("in").is_empty());
    assert_eq!(arrivals.len(), files, "a file that came again is no arrival of its own");
    assert!(arrivals.iter().all(|arrival| arrival.outcome == "accepted"), "{arrivals:?}");
    let jobs = store.jobs(&caller, None, 100_000).unwrap();
    assert_eq!(jobs.len(), files);
    assert_eq!(jobs.iter().map(|job| job.events_stored).sum::<u64>(), files as u64);
}
