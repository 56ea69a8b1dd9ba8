//! One look for files of a partner, each taken into the inbox before it is put away.

use std::io;
use std::io::Read;
use std::time::Duration;

use sha2::Digest;
use sha2::Sha256;

use crate::exchange::Arrival;
use crate::exchange::InboxError;
use crate::exchange::Taken;
use crate::exchange::pickers::Look;
use crate::exchange::pickers::PickError;
use crate::exchange::pickers::Picker;
use crate::exchange::pickers::place::Place;
use crate::transport::Outlet;
use crate::transport::PartnerChannel;
use crate::transport::convention::After;
use crate::transport::convention::Entry;
use crate::transport::convention::PickUp;
use crate::transport::convention::settled;
use crate::transport::flow;

impl Picker {
    /// Takes every file that is whole. A file that cannot be taken stays where it is and holds no other up.
    pub(super) async fn look(
        &self,
        channel: &PartnerChannel,
        place: &Place,
        pick_up: &PickUp,
    ) -> Result<Look, PickError> {
        let first = place.list(pick_up).await?;
        let mut look = Look { told: first.passed_over.clone(), ..Look::default() };
        let mut files = self.unknown(channel, pick_up, pick_up.candidates(&first)).await?;
        if pick_up.settles() && !files.is_empty() {
            tokio::time::sleep(Duration::from_secs(u64::from(pick_up.settle_seconds))).await;
            files = settled(&files, &place.list(pick_up).await?);
        }
        for entry in &files {
            match self.pick(channel, (place, pick_up), entry).await {
                Ok(taken) => {
                    look.count(&taken);
                    if let Err(error) = place.put_away(pick_up, entry, (self.clock)()).await {
                        look.left += 1;
                        look.told.push(format!("{} was taken and stays: {error}", entry.name));
                    }
                }
                Err(error) if error.is_about_one_file() => look.told.push(format!("{}: {error}", entry.name)),
                Err(error) => return Err(error),
            }
        }
        Ok(look)
    }

    /// Files that did not come before, where those that did are still there.
    async fn unknown(
        &self,
        channel: &PartnerChannel,
        pick_up: &PickUp,
        files: Vec<Entry>,
    ) -> Result<Vec<Entry>, PickError> {
        if pick_up.after != After::Keep {
            return Ok(files);
        }
        let arrivals: Vec<Arrival> =
            files.iter().map(|entry| self.arrival(channel, pick_up, entry)).collect();
        let known = self.off_thread(move |store| {
            arrivals.iter().map(|arrival| store.has_arrival(arrival)).collect::<Result<Vec<bool>, _>>()
        });
        let known = known.await?;
        Ok(files.into_iter().zip(known).filter(|(_, known)| !known).map(|(entry, _)| entry).collect())
    }

    /// Takes one file into the inbox, and leaves it where it is.
    async fn pick(
        &self,
        channel: &PartnerChannel,
        (place, pick_up): (&Place, &PickUp),
        entry: &Entry,
    ) -> Result<Taken, PickError> {
        if entry.bytes > self.most_bytes {
            return Err(PickError::Inbox(InboxError::TooLarge(self.most_bytes)));
        }
        let mut arrival = self.arrival(channel, pick_up, entry);
        let (taken, digest) = self.fetched((place, pick_up), entry, arrival.clone()).await?;
        match taken {
            // Times of a second alone do not tell two files of one name and size apart; their bytes do.
            Err(InboxError::Reused { .. }) => {
                arrival.message_id = format!("{}:{digest}", arrival.message_id);
                let (taken, _) = self.fetched((place, pick_up), entry, arrival).await?;
                Ok(taken?)
            }
            taken => Ok(taken?),
        }
    }

    /// What the inbox says to a file, and the SHA-256 of what it read.
    async fn fetched(
        &self,
        (place, pick_up): (&Place, &PickUp),
        entry: &Entry,
        arrival: Arrival,
    ) -> Result<(Result<Taken, InboxError>, String), PickError> {
        let (inlet, outlet) = flow();
        let inbox = self.inbox.clone();
        let taking = tokio::task::spawn_blocking(move || {
            let mut body = Hashed { outlet, digest: Sha256::new() };
            let taken = inbox.take(&arrival, &mut body);
            (taken, body.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
        });
        let fetched = place.fetch(pick_up, entry, inlet).await;
        let (taken, digest) = taking.await.map_err(|_| PickError::Panic)?;
        match taken {
            // What kept the file from coming says more than that it broke off.
            Err(InboxError::Interrupted(error)) => {
                Err(fetched.err().unwrap_or(InboxError::Interrupted(error).into()))
            }
            taken => Ok((taken, digest)),
        }
    }

    fn arrival(&self, channel: &PartnerChannel, pick_up: &PickUp, entry: &Entry) -> Arrival {
        Arrival {
            channel: channel.id.clone(),
            partner: channel.partner.clone(),
            message_id: format!("{}/{}", pick_up.folder, entry.identity()),
            name: entry.name.to_string(),
            at: (self.clock)(),
        }
    }
}

/// A body whose SHA-256 is known once it was read.
struct Hashed {
    outlet: Outlet,
    digest: Sha256,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.outlet.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
