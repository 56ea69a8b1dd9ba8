//! A trial of a channel: every step that a file would go, with a file that is removed again.

use std::io::Cursor;

use crate::transport::FileName;
use crate::transport::Outbound;
use crate::transport::Outlet;
use crate::transport::Probe;
use crate::transport::convention::After;
use crate::transport::convention::DropOff;
use crate::transport::sftp::Session;
use crate::transport::sftp::Settings;
use crate::transport::sftp::SftpError;
use crate::transport::sftp::entries::path;

/// What the file of a trial says.
const TEXT: &[u8] = b"epcgate tries whether files can be written here; this one can be removed.\n";

/// Connects, signs in, looks into the folders, and writes, renames and removes a file of this name.
pub async fn probe(outbound: &Outbound, settings: &Settings, name: &FileName) -> Probe {
    let mut probe = Probe::default();
    let opened = Session::open(outbound, settings).await;
    let what =
        format!("connect to {}, port {}, and sign in as {}", settings.host, settings.port, settings.user);
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            probe.note(&what, Err(error.to_string()));
            return probe;
        }
    };
    probe.note(&what, Ok(()));
    if let Some(pick_up) = &settings.pick_up {
        look(&mut probe, &session, &pick_up.folder).await;
        if let After::Archive(archive) = &pick_up.after {
            look(&mut probe, &session, archive).await;
        }
    }
    if let Some(drop_off) = &settings.drop_off {
        let tried = tried(&session, drop_off, name).await;
        let what = format!("write, rename and remove a file in {}", drop_off.folder);
        probe.note(&what, tried.map_err(|error| error.to_string()));
    }
    session.close().await;
    probe
}

async fn look(probe: &mut Probe, session: &Session, folder: &str) {
    let listing = session.list(folder).await;
    probe.note(&format!("look into {folder}"), listing.map(|_| ()).map_err(|error| error.to_string()));
}

async fn tried(session: &Session, drop_off: &DropOff, name: &FileName) -> Result<(), SftpError> {
    // Whoever looks into the folder is not to take it: it has no done file, and the ending of one that is being written.
    let drop_off =
        DropOff { temporary_suffix: ".part".to_owned(), done_suffix: String::new(), ..drop_off.clone() };
    let name = name.followed_by(".tmp").map_err(|why| SftpError::Setting(why.to_string()))?;
    let mut text = Outlet::of(Cursor::new(TEXT));
    session.deliver(&drop_off, (&name, TEXT.len() as u64), &mut text).await?;
    session.removed(&path(&drop_off.folder, name.as_str())).await
}
