//! Connections that are not HTTPS: to a host that our operator wrote into a channel, judged as every other.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Name;
use reqwest::dns::Resolve;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::transport::address;
use crate::transport::address::Reach;
use crate::transport::resolver::Judging;
use crate::transport::resolver::NameError;

impl Outbound {
    /// A connection to an SFTP server: on a port of `outbound.sftp_ports`, and at a private address only where
    /// `outbound.sftp_private_hosts` names the host.
    ///
    /// Fails as [`Outbound::send`] does.
    pub(super) async fn dial_sftp(&self, host: &str, port: u16) -> Result<TcpStream, OutboundError> {
        let settings = self.settings();
        let private = settings.sftp_private_hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        let reach = Reach { loopback: settings.allow_loopback, private };
        let within = Duration::from_secs(settings.connect_seconds.max(1));
        let found = timeout(within, self.judged(host, reach)).await;
        let addresses = found.map_err(|_| OutboundError::Timeout(within))??;
        let here = addresses.iter().all(IpAddr::is_loopback);
        if !(settings.sftp_ports.contains(&port) || settings.allow_loopback && here) {
            let ports = &settings.sftp_ports;
            return Err(OutboundError::Refused(format!(
                "port {port} is not one of outbound.sftp_ports {ports:?}"
            )));
        }
        let mut failed = OutboundError::Connect(format!("{host} has no address"));
        for address in addresses {
            match timeout(within, TcpStream::connect(SocketAddr::new(address, port))).await {
                Ok(Ok(stream)) => {
                    // Requests are small and wait for each other.
                    stream.set_nodelay(true).map_err(|error| OutboundError::Connect(error.to_string()))?;
                    return Ok(stream);
                }
                Ok(Err(error)) => failed = OutboundError::Connect(format!("{address}, port {port}: {error}")),
                Err(_) => failed = OutboundError::Timeout(within),
            }
        }
        Err(failed)
    }

    async fn judged(&self, host: &str, reach: Reach) -> Result<Vec<IpAddr>, OutboundError> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return match address::forbidden(address, reach) {
                Some(why) => Err(OutboundError::Address { host: host.to_owned(), address, why }),
                None => Ok(vec![address]),
            };
        }
        let name = Name::from_str(host)
            .map_err(|_| OutboundError::Refused(format!("{host:?} is no name of a host")))?;
        let judging = Judging { names: Arc::clone(self.names()), reach };
        match judging.resolve(name).await {
            Ok(found) => Ok(found.map(|socket| socket.ip()).collect()),
            Err(error) => Err(match error.downcast::<NameError>() {
                Ok(error) => OutboundError::from(*error),
                Err(error) => OutboundError::Connect(error.to_string()),
            }),
        }
    }
}
