//! What one identifier costs: parsing, judging, its key, its text in an event hash. `cargo bench` runs it.

use divan::Bencher;
use divan::black_box;
use epcgate::gs1::Epc;
use epcgate::gs1::digital_link;

/// One of each kind that is frequent in a file.
const IDENTIFIERS: [&str; 3] = [
    "urn:epc:id:sgtin:0352999.010130.A7K2M0001",
    "urn:epc:id:sscc:0352999.0000000017",
    "https://id.gs1.org/01/00352999101306/21/A7K2M0001",
];

fn main() {
    divan::main();
}

#[divan::bench(args = IDENTIFIERS)]
fn judge(uri: &str) -> bool {
    Epc::judge(black_box(uri)).1.is_none()
}

#[divan::bench(args = IDENTIFIERS)]
fn key(bencher: Bencher, uri: &str) {
    let epc = Epc::parse(uri);
    let mut out = String::new();
    bencher.bench_local(|| {
        out.clear();
        black_box(&epc).write_key(&mut out);
    });
}

#[divan::bench(args = IDENTIFIERS)]
fn canonical_for_hash(bencher: Bencher, uri: &str) {
    let mut out = String::new();
    bencher.bench_local(|| {
        out.clear();
        digital_link::write_canonical_for_hash(black_box(uri), &mut out)
    });
}
