//! Files to and from a server, with several requests under way and a bound on memory.

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use futures_util::stream::FuturesUnordered;
use russh_sftp::client::error::Error as Wire;
use russh_sftp::protocol::FileAttributes;
use russh_sftp::protocol::OpenFlags;
use russh_sftp::protocol::StatusCode;

use crate::transport::FileName;
use crate::transport::Inlet;
use crate::transport::Outlet;
use crate::transport::convention::DropOff;
use crate::transport::convention::Entry;
use crate::transport::sftp::Session;
use crate::transport::sftp::SftpError;
use crate::transport::sftp::entries::modified;
use crate::transport::sftp::entries::path;

/// Requests under way at one time.
const AT_ONCE: usize = 32;

impl Session {
    /// Reads a file as it was seen into `inlet`, and says that it is whole only where it is still the same afterwards.
    pub async fn fetch(&self, folder: &str, entry: &Entry, inlet: Inlet) -> Result<(), SftpError> {
        let path = path(folder, entry.name.as_str());
        let what = format!("reading {path}");
        let opened = self.raw.open(path.as_str(), OpenFlags::READ, FileAttributes::empty()).await;
        let handle = opened.map_err(|error| SftpError::of(&what, error))?.handle;
        let read = self.read_whole(&handle, (&what, entry), &inlet).await;
        let after = self.raw.fstat(handle.as_str()).await;
        let closed = self.raw.close(handle).await;
        read?;
        let after = after.map_err(|error| SftpError::of(&what, error))?.attrs;
        closed.map_err(|error| SftpError::of(&what, error))?;
        if after.size.is_some_and(|bytes| bytes != entry.bytes) || modified(&after) != entry.modified {
            return Err(SftpError::Changed(path));
        }
        inlet.end().await;
        Ok(())
    }

    async fn read_whole(
        &self,
        handle: &str,
        (what, entry): (&str, &Entry),
        inlet: &Inlet,
    ) -> Result<(), SftpError> {
        let mut asked = 0;
        let mut answers = FuturesOrdered::new();
        loop {
            while answers.len() < AT_ONCE && asked < entry.bytes {
                let bytes = u64::from(self.read_bytes).min(entry.bytes - asked);
                answers.push_back(self.read_part(handle, (what, entry), (asked, asked + bytes)));
                asked += bytes;
            }
            match answers.next().await {
                Some(part) => {
                    if !inlet.put(part?).await {
                        return Err(SftpError::NotTaken);
                    }
                }
                None => return Ok(()),
            }
        }
    }

    /// Reads what stands between two places, in as many requests as the server needs.
    async fn read_part(
        &self,
        handle: &str,
        (what, entry): (&str, &Entry),
        (mut from, to): (u64, u64),
    ) -> Result<Vec<u8>, SftpError> {
        let mut part = Vec::new();
        while from < to {
            let bytes = u32::try_from(to - from).unwrap_or(self.read_bytes);
            let data = match self.raw.read(handle, from, bytes).await {
                Ok(answer) => answer.data,
                Err(Wire::Status(status)) if status.status_code == StatusCode::Eof => Vec::new(),
                Err(error) => return Err(SftpError::of(what, error)),
            };
            if data.is_empty() || data.len() as u64 > to - from {
                return Err(SftpError::Changed(entry.name.to_string()));
            }
            from += data.len() as u64;
            if part.is_empty() {
                part = data;
            } else {
                part.extend_from_slice(&data);
            }
        }
        Ok(part)
    }

    /// Writes a file of so many bytes: under a temporary name, then renamed, then its done file. A file of that name and size is
    /// taken for one of an earlier try whose answer was lost. Returns its path.
    pub async fn deliver(
        &self,
        drop_off: &DropOff,
        (name, bytes): (&FileName, u64),
        outlet: &mut Outlet,
    ) -> Result<String, SftpError> {
        let target = path(&drop_off.folder, name.as_str());
        match self.raw.lstat(target.as_str()).await.map_err(|error| SftpError::of(&target, error)) {
            Err(SftpError::Missing(_)) => {
                let temporary = format!("{target}{}", drop_off.temporary_suffix);
                self.write(&temporary, bytes, outlet).await?;
                let what = format!("renaming {temporary} to {target}");
                let renamed = self.raw.rename(temporary.as_str(), target.as_str()).await;
                renamed.map_err(|error| SftpError::of(&what, error))?;
            }
            Ok(there) if there.attrs.size == Some(bytes) => {}
            Ok(_) => return Err(SftpError::Taken(target)),
            Err(error) => return Err(error),
        }
        if !drop_off.done_suffix.is_empty() {
            self.write(&format!("{target}{}", drop_off.done_suffix), 0, &mut Outlet::empty()).await?;
        }
        Ok(target)
    }

    async fn write(&self, path: &str, bytes: u64, outlet: &mut Outlet) -> Result<(), SftpError> {
        let what = format!("writing {path}");
        let failed = |error| SftpError::of(&what, error);
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
        let handle = self.raw.open(path, flags, FileAttributes::empty()).await.map_err(failed)?.handle;
        let written = self.write_whole(&handle, &what, outlet).await;
        let synced = if self.syncs && written.is_ok() {
            self.raw.fsync(handle.as_str()).await.map(|_| ()).map_err(failed)
        } else {
            Ok(())
        };
        let size = self.raw.fstat(handle.as_str()).await.map_err(failed);
        let closed = self.raw.close(handle).await.map_err(failed);
        let outcome = async {
            let written = written?;
            synced?;
            closed?;
            let there = size?.attrs.size.unwrap_or(written);
            if written == bytes && there == bytes {
                return Ok(());
            }
            Err(SftpError::Refused {
                what: what.clone(),
                said: format!("{there} of {bytes} bytes are there"),
            })
        };
        let outcome = outcome.await;
        if outcome.is_err() {
            // Where it cannot be removed now, the next try writes over it.
            let _ = self.removed(path).await;
        }
        outcome
    }

    /// Writes all that comes; how many bytes that was.
    async fn write_whole(&self, handle: &str, what: &str, outlet: &mut Outlet) -> Result<u64, SftpError> {
        let mut offset = 0;
        let mut answers = FuturesUnordered::new();
        while let Some(part) = outlet.next().await? {
            for chunk in part.chunks(self.write_bytes.max(1) as usize) {
                if answers.len() >= AT_ONCE {
                    let answer: Option<Result<_, Wire>> = answers.next().await;
                    answer.transpose().map_err(|error| SftpError::of(what, error))?;
                }
                answers.push(self.raw.write(handle, offset, chunk.to_vec()));
                offset += chunk.len() as u64;
            }
        }
        while let Some(answer) = answers.next().await {
            answer.map_err(|error| SftpError::of(what, error))?;
        }
        Ok(offset)
    }
}
