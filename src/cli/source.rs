//! Documents named on the command line: a file or `-`, plain or compressed, with a progress bar on a terminal.

use std::fs::File;
use std::io::BufReader;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;

use anyhow::Context;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::formats::Input;

/// How much larger than its compressed form a document may be.
const MOST_EXPANSION: u64 = 100;

/// A document to read, opened as often as needed.
pub struct Source {
    file: File,
    bytes: u64,
    /// What messages call it.
    pub name: String,
}

impl Source {
    /// Opens a file, or standard input for `-`. What cannot be read twice is first copied to a temporary file.
    pub fn open(path: &Path) -> anyhow::Result<Source> {
        if path == Path::new("-") {
            let file = spooled(std::io::stdin().lock(), u64::MAX).context("standard input cannot be read")?;
            return Source::expanded(file, "<stdin>".to_owned());
        }
        let name = path.display().to_string();
        let mut file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
        let metadata = file.metadata().with_context(|| format!("{name} cannot be read"))?;
        anyhow::ensure!(!metadata.is_dir(), "{name} is a folder, not a document");
        if !metadata.is_file() {
            file = spooled(file, u64::MAX).with_context(|| format!("{name} cannot be read"))?;
        }
        Source::expanded(file, name)
    }

    fn expanded(mut file: File, name: String) -> anyhow::Result<Source> {
        let mut head = [0; 4];
        file.seek(SeekFrom::Start(0))?;
        let length = file.read(&mut head)?;
        file.seek(SeekFrom::Start(0))?;
        let most = file.metadata()?.len().saturating_mul(MOST_EXPANSION).max(1 << 20);
        let file = match head.get(..length).unwrap_or_default() {
            [0x1F, 0x8B, ..] => spooled(flate2::read::MultiGzDecoder::new(BufReader::new(file)), most),
            [0x28, 0xB5, 0x2F, 0xFD] => zstd::stream::read::Decoder::new(file).and_then(|d| spooled(d, most)),
            _ => Ok(file),
        };
        let file = file.with_context(|| format!("{name} cannot be decompressed"))?;
        let bytes = file.metadata()?.len();
        Ok(Source { file, bytes, name })
    }

    /// The document from its beginning, for as long as nobody else reads this source.
    pub fn input(&self) -> anyhow::Result<Box<dyn Input>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Box::new(file))
    }

    /// The same with a progress bar on a terminal, shown for documents that take a while.
    pub fn input_with_progress(&self, verb: &'static str) -> anyhow::Result<Box<dyn Input>> {
        const WORTH_SHOWING: u64 = 20 << 20;
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        if self.bytes < WORTH_SHOWING || !std::io::stderr().is_terminal() {
            return Ok(Box::new(file));
        }
        let bar = ProgressBar::new(self.bytes);
        let style = "{msg} {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style)?);
        bar.set_message(verb);
        Ok(Box::new(bar.wrap_read(file)))
    }
}

/// Copies a stream to a temporary file that vanishes with its handle.
fn spooled(mut stream: impl Read, most: u64) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let copied = std::io::copy(&mut stream.by_ref().take(most), &mut file)?;
    if copied == most && stream.read(&mut [0])? > 0 {
        let what = format!("it expands to more than {MOST_EXPANSION} times its size");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
