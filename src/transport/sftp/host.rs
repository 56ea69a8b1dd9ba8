//! The server proves who it is, and may ask nothing of us.

use russh::Channel;
use russh::client::ChannelOpenHandle;
use russh::client::Handler;
use russh::client::Msg;
use russh::client::Session;
use russh::keys::HashAlg;
use russh::keys::PublicKeyOrCertificate;

use crate::transport::sftp::SftpError;
use crate::transport::sftp::settings::HostKey;

/// Takes a server for who it is by the keys of the channel alone.
pub(super) struct Pinned {
    /// The keys.
    pub(super) known: Vec<HostKey>,
}

impl Handler for Pinned {
    type Error = SftpError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, SftpError> {
        let key = key.public_key();
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        if self.known.iter().any(|known| known.fingerprint == fingerprint) {
            return Ok(true);
        }
        Err(SftpError::HostKey {
            offered: format!("{} {fingerprint}", key.algorithm()),
            known: self.known.iter().map(|known| known.fingerprint.to_string()).collect(),
        })
    }

    // A server that opens channels to us is refused: a handle that goes unused says no.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SftpError> {
        Ok(())
    }
}
