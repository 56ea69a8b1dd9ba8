//! The beat: tiles each minute, a checkpoint each hour, written to where others can take it from.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::audit::AuditError;
use crate::audit::Log;
use crate::audit::Settings;
use crate::audit::folder;
use crate::store::AuditCheckpoint;

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(60);

/// The thread that signs checkpoints while the gateway serves.
pub struct Beat {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Beat {
    /// Starts it; the first checkpoint is signed at once.
    pub fn start(log: &Log, settings: &Settings, clock: fn() -> DateTime<Utc>) -> io::Result<Beat> {
        let (stop, stopped) = mpsc::channel();
        let log = log.clone();
        let every = TimeDelta::minutes(i64::from(settings.checkpoint_minutes));
        let target = settings.folder.clone();
        let thread = thread::Builder::new().name("audit".to_owned()).spawn(move || {
            let mut last: Option<DateTime<Utc>> = None;
            loop {
                let now = clock();
                let due = last.is_none_or(|last| now - last >= every || now < last);
                let done = match due {
                    true => log.checkpoint(now).and_then(|checkpoint| hand_over(&target, &checkpoint)),
                    false => log.grow(),
                };
                match done {
                    Ok(()) if due => last = Some(now),
                    Ok(()) => {}
                    Err(error) => tracing::error!(%error, "no checkpoint of the audit trail"),
                }
                if !matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        })?;
        Ok(Beat { stop, thread })
    }

    /// Stops it, and waits until it has.
    pub fn stop(self) {
        // Where it ended already there is nobody to tell.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the thread of the audit trail ended in a panic");
        }
    }
}

/// Writes a checkpoint to the folder of checkpoints, where there is one: under its own name, and as the newest.
pub fn hand_over(target: &Path, checkpoint: &AuditCheckpoint) -> Result<(), AuditError> {
    if target.as_os_str().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(target).map_err(AuditError::file(target))?;
    let key = checkpoint.signer.split('+').nth(1).unwrap_or_default();
    for name in [folder::checkpoint_file(checkpoint.size, key), folder::CHECKPOINT.to_owned()] {
        let path = target.join(&name);
        let mut draft = path.clone().into_os_string();
        draft.push(".tmp");
        let draft = PathBuf::from(draft);
        fs::write(&draft, &checkpoint.note).map_err(AuditError::file(&draft))?;
        fs::rename(&draft, &path).map_err(AuditError::file(&path))?;
    }
    Ok(())
}
