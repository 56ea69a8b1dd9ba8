//! The disk that the database is on: how much room there is, and how long a write takes until it is safe.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::bytes;

/// Less room than this stops the gateway soon.
const LEAST: u64 = 256 << 20;

/// Writes that are timed.
const WRITES: usize = 20;

/// A write that takes longer makes captures slow.
const SLOW: Duration = Duration::from_millis(50);

/// Tells how the disk of a file is; nothing where the database is elsewhere.
pub(super) fn checks(file: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    report.tell(&room(folder))?;
    report.tell(&speed(folder))
}

fn room(folder: &Path) -> Check {
    let about = match rustix::fs::statvfs(folder) {
        Ok(about) => about,
        Err(error) => {
            return Check::bad(
                "disk",
                format!("{}: {error}", folder.display()),
                "see that the folder is there",
            );
        }
    };
    let (free, all) = (about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize);
    let share = free.saturating_mul(100) / all.max(1);
    let says = format!("{} of {} are free ({share} %) in {}", bytes(free), bytes(all), folder.display());
    if free < LEAST || share < 5 {
        Check::bad("disk", says, "make room: nothing is captured once it is full")
    } else if share < 10 {
        Check::warning("disk", says, "make room before it is full")
    } else {
        Check::good("disk", says)
    }
}

fn speed(folder: &Path) -> Check {
    match timed(folder) {
        Ok((usual, worst)) => {
            let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
            let says =
                format!("a write of 4 KiB is safe after {:.2} ms, {:.2} ms at worst", ms(usual), ms(worst));
            if usual > SLOW {
                Check::warning(
                    "disk",
                    says,
                    "use a faster disk, or one with a write cache that keeps its power",
                )
            } else {
                Check::good("disk", says)
            }
        }
        Err(error) => {
            let says = format!("nothing can be written into {}: {error}", folder.display());
            Check::bad(
                "disk",
                says,
                "run this as the user of the gateway (sudo -u epcgate), who must own the folder",
            )
        }
    }
}

/// The median and the longest of a few writes, each synced.
fn timed(folder: &Path) -> std::io::Result<(Duration, Duration)> {
    let mut file: File = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.write_all(&[0; 4_096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok((at(WRITES / 2), at(WRITES - 1)))
}
