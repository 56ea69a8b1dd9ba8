//! `epcgate hash`: the event hash IDs of a document.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;

use crate::cli::Outcome;
use crate::cli::source::Source;
use crate::epcis::Event;
use crate::epcis::event_id::EventHasher;
use crate::formats::Defects;
use crate::formats::ReadOptions;
use crate::formats::Reader;
use crate::formats::Reading;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The document; `-` is standard input
    file: PathBuf,
    /// Print the string that is hashed instead of the hash
    #[arg(long)]
    prehash: bool,
}

/// Threads that hash at most; reading keeps up with no more.
const MOST_HASHERS: usize = 4;
/// EPCs in one load from the reading thread to a hashing one, an event counting as some.
const LOAD: usize = 4_096;
/// Loads that wait at most, so that memory stays bounded.
const WAITING: usize = 2;

/// Events in order; `None` stands for one that was refused.
type Load = Vec<Option<Event>>;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let source = Source::open(&arguments.file)?;
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_HASHERS);
    let (sender, loads) = sync_channel::<(u64, Load)>(WAITING);
    let (printer, lines) = sync_channel::<(u64, String)>(WAITING);
    let loads = Arc::new(Mutex::new(loads));
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&source, sender));
        for _ in 0..threads {
            let (loads, printer) = (loads.clone(), printer.clone());
            scope.spawn(move || hash(&loads, printer, arguments.prehash));
        }
        // The last hashing thread closes both channels, so that reading ends where printing fails.
        drop((loads, printer));
        print(lines)?;
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads the document and hands its events on; ends early where nobody takes them any more.
fn read(source: &Source, sender: SyncSender<(u64, Load)>) -> anyhow::Result<Outcome> {
    let mut defects = Defects::new(false);
    let unreadable = |error| anyhow::anyhow!("{}:{error}", source.name);
    let input = source.input_with_progress("hashing")?;
    let mut reader = Reader::open(input, ReadOptions::default(), &mut defects).map_err(unreadable)?;
    let (mut load, mut weight, mut number) = (Load::new(), 0, 0);
    let ended = loop {
        match reader.next_event(&mut defects) {
            Ok(Some(Reading { event, .. })) => {
                weight += 16 + event.as_ref().map_or(0, |event| event.what.epcs().len());
                load.push(event);
            }
            Ok(None) => break Ok(()),
            Err(defect) => break Err(unreadable(defect)),
        }
        if weight >= LOAD {
            weight = 0;
            if sender.send((number, std::mem::take(&mut load))).is_err() {
                break Ok(());
            }
            number += 1;
        }
    };
    // Nobody takes it where printing failed, and that says so itself.
    let _ = sender.send((number, load));
    ended?;
    Ok(if defects.errors() > 0 { Outcome::Errors } else { Outcome::Clean })
}

/// Hashes loads as they come, one line an event.
fn hash(loads: &Mutex<Receiver<(u64, Load)>>, printer: SyncSender<(u64, String)>, prehash: bool) {
    let mut hasher = EventHasher::new();
    loop {
        let next = loads.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, load)) = next else { return };
        let mut lines = String::new();
        for event in load {
            match event {
                Some(event) if prehash => lines.push_str(hasher.pre_hash(&event)),
                Some(event) => lines.push_str(&hasher.id(&event)),
                None => lines.push_str("error: this event was refused; epcgate check says why"),
            }
            lines.push('\n');
        }
        if printer.send((number, lines)).is_err() {
            return;
        }
    }
}

/// Prints what was hashed, in the order of the document.
fn print(lines: Receiver<(u64, String)>) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, text) in lines {
        early.insert(number, text);
        while let Some(text) = early.remove(&next) {
            out.write_all(text.as_bytes())?;
            next += 1;
        }
    }
    out.flush()
}
