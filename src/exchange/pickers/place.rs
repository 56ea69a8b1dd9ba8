//! A place that files are picked up from: a partner's server, or a folder of this machine.

use std::io::Read;

use chrono::DateTime;
use chrono::Utc;

use crate::exchange::pickers::PickError;
use crate::transport::Inlet;
use crate::transport::Outbound;
use crate::transport::convention::Entry;
use crate::transport::convention::Listing;
use crate::transport::convention::PickUp;
use crate::transport::folder::FolderError;
use crate::transport::folder::Folders;
use crate::transport::sftp;
use crate::transport::sftp::Session;
use crate::transport::sftp::SftpError;

/// Bytes read of a file at a time.
const BLOCK: usize = 65_536;

/// A place, open.
pub(super) enum Place {
    /// A partner's server.
    Sftp(Session),
    /// Folders of this machine.
    Folder(Folders),
}

impl Place {
    /// Connects to a partner's server.
    pub(super) async fn sftp(outbound: &Outbound, settings: &sftp::Settings) -> Result<Place, PickError> {
        Ok(Place::Sftp(Session::open(outbound, settings).await?))
    }

    /// The folders of this machine.
    pub(super) fn folders(outbound: &Outbound) -> Place {
        Place::Folder(outbound.folders())
    }

    /// Looks into the folder.
    pub(super) async fn list(&self, pick_up: &PickUp) -> Result<Listing, PickError> {
        match self {
            Place::Sftp(session) => Ok(session.list(&pick_up.folder).await?),
            Place::Folder(folders) => {
                let folder = pick_up.folder.clone();
                off_thread(folders, move |folders| folders.list(&folder)).await
            }
        }
    }

    /// Reads a file as it was seen.
    pub(super) async fn fetch(&self, pick_up: &PickUp, entry: &Entry, inlet: Inlet) -> Result<(), PickError> {
        match self {
            Place::Sftp(session) => Ok(session.fetch(&pick_up.folder, entry, inlet).await?),
            Place::Folder(folders) => {
                let (folder, entry) = (pick_up.folder.clone(), entry.clone());
                let mut seen = off_thread(folders, move |folders| folders.open(&folder, &entry)).await?;
                loop {
                    let reading = tokio::task::spawn_blocking(move || {
                        let mut block = vec![0; BLOCK];
                        seen.read(&mut block).map(|read| {
                            block.truncate(read);
                            (seen, block)
                        })
                    });
                    let read = reading.await.map_err(|_| PickError::Panic)?;
                    let (same, block) = read.map_err(|error| PickError::Changed(error.to_string()))?;
                    if block.is_empty() {
                        inlet.end().await;
                        return Ok(());
                    }
                    if !inlet.put(block).await {
                        return Err(PickError::Sftp(SftpError::NotTaken));
                    }
                    seen = same;
                }
            }
        }
    }

    /// Does with a file that was taken what the convention says.
    pub(super) async fn put_away(
        &self,
        pick_up: &PickUp,
        entry: &Entry,
        now: DateTime<Utc>,
    ) -> Result<(), PickError> {
        match self {
            Place::Sftp(session) => Ok(session.put_away(pick_up, &entry.name, now).await?),
            Place::Folder(folders) => {
                let (pick_up, name) = (pick_up.clone(), entry.name.clone());
                off_thread(folders, move |folders| folders.put_away(&pick_up, &name, now)).await
            }
        }
    }

    /// Takes leave.
    pub(super) async fn close(self) {
        if let Place::Sftp(session) = self {
            session.close().await;
        }
    }
}

async fn off_thread<T: Send + 'static>(
    folders: &Folders,
    work: impl FnOnce(&Folders) -> Result<T, FolderError> + Send + 'static,
) -> Result<T, PickError> {
    let folders = folders.clone();
    match tokio::task::spawn_blocking(move || work(&folders)).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(PickError::Panic),
    }
}
