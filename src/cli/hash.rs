//! `epcgate hash`: the event hash IDs of a document.

use std::io::BufWriter;
use std::io::Write;
use std::path::PathBuf;
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

/// EPCs in one load from the reading thread to the hashing one, and events with few EPCs.
const LOAD: usize = 4_096;
/// Loads that wait at most, so that memory stays bounded.
const WAITING: usize = 2;

/// Events in order; `None` stands for one that was refused.
type Load = Vec<Option<Event>>;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let source = Source::open(&arguments.file)?;
    let prehash = arguments.prehash;
    let (sender, receiver) = sync_channel::<Load>(WAITING);
    std::thread::scope(|scope| {
        let printing = scope.spawn(move || print(&receiver, prehash));
        let read = read(&source, &sender);
        drop(sender);
        match printing.join() {
            Ok(printed) => printed?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        read
    })
}

/// Reads the document and hands its events on; ends early where nobody takes them any more.
fn read(source: &Source, sender: &SyncSender<Load>) -> anyhow::Result<Outcome> {
    let mut defects = Defects::new(false);
    let unreadable = |error| anyhow::anyhow!("{}:{error}", source.name);
    let input = source.input_with_progress("hashing")?;
    let mut reader = Reader::open(input, ReadOptions::default(), &mut defects).map_err(unreadable)?;
    let (mut load, mut weight) = (Load::new(), 0);
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
            if sender.send(std::mem::take(&mut load)).is_err() {
                break Ok(());
            }
        }
    };
    // The printing thread itself says why it ended, if it did.
    let _ = sender.send(load);
    ended?;
    Ok(if defects.errors() > 0 { Outcome::Errors } else { Outcome::Clean })
}

/// Hashes what comes, one line an event.
fn print(receiver: &Receiver<Load>, prehash: bool) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut hasher = EventHasher::new();
    for event in receiver.iter().flatten() {
        match event {
            Some(event) if prehash => writeln!(out, "{}", hasher.pre_hash(&event))?,
            Some(event) => writeln!(out, "{}", hasher.id(&event))?,
            None => writeln!(out, "error: this event was refused; epcgate check says why")?,
        }
    }
    out.flush()
}
