//! A trial of a channel, as far as it can go without sending a document.

use crate::exchange::CarryError;
use crate::transport::Channel;
use crate::transport::FileName;
use crate::transport::Outbound;
use crate::transport::PartnerChannel;
use crate::transport::Probe;
use crate::transport::https;
use crate::transport::sftp;

/// The same without a trace at the other side: connects, signs in and looks, and writes nothing.
///
/// Fails for a kind of channel that has no trial.
pub async fn look(outbound: &Outbound, channel: &PartnerChannel) -> Result<Probe, CarryError> {
    let mut channel = channel.clone();
    match &mut channel.by {
        Channel::Sftp(settings) => settings.drop_off = None,
        Channel::Folder(settings) => settings.drop_off = None,
        Channel::Https(_) | Channel::As2(_) | Channel::Webhook(_) => {}
    }
    probe(outbound, &channel, "look").await
}

/// Connects, signs in, looks, and where files are dropped off, writes, renames and removes one. `nonce` makes its name one that
/// nobody else has.
///
/// Fails for a kind of channel that has no trial.
pub async fn probe(outbound: &Outbound, channel: &PartnerChannel, nonce: &str) -> Result<Probe, CarryError> {
    let failed = |answer: String| CarryError { answer, never: true, ..CarryError::default() };
    let name = FileName::parse(&format!("epcgate-trial-{nonce}")).map_err(|why| failed(why.to_string()))?;
    match &channel.by {
        Channel::Sftp(settings) => Ok(sftp::probe(outbound, settings, &name).await),
        Channel::Https(settings) => Ok(https::probe(outbound, settings).await),
        Channel::Folder(settings) => {
            let (folders, settings) = (outbound.folders(), settings.clone());
            let tried = tokio::task::spawn_blocking(move || folders.probe(&settings, &name)).await;
            tried.map_err(|_| failed("it ended in a panic".to_owned()))
        }
        Channel::As2(_) | Channel::Webhook(_) => {
            Err(failed(format!("a channel by {} is tried by sending something", channel.by.kind())))
        }
    }
}
