//! Names to addresses, once for each connection: what is connected to is what was judged.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;

use crate::transport::address;
use crate::transport::address::Reach;

/// How many addresses of one name are tried.
const MOST: usize = 8;

/// Why a name gives no address to call.
#[derive(Clone, Debug, Error)]
pub(super) enum NameError {
    /// One of its addresses is not called, so none is.
    #[error("{host} is at {address}, {why}")]
    Forbidden { host: String, address: IpAddr, why: &'static str },
    /// It has no address.
    #[error("{host} has no address: {why}")]
    Unknown { host: String, why: String },
}

/// Resolves by another resolver, and refuses a name with any address that is not called.
pub(super) struct Judging {
    /// Who resolves.
    pub(super) names: Arc<dyn Resolve>,
    /// What may be called besides the public internet.
    pub(super) reach: Reach,
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, reach) = (name.as_str().to_owned(), self.reach);
        let resolving = self.names.resolve(name);
        Box::pin(async move {
            let found = match resolving.await {
                Ok(found) => judged(host, found, reach),
                Err(error) => Err(NameError::Unknown { host, why: error.to_string() }),
            };
            Ok(Box::new(found?.into_iter()) as Addrs)
        })
    }
}

fn judged(host: String, found: Addrs, reach: Reach) -> Result<Vec<SocketAddr>, NameError> {
    let mut addresses = Vec::new();
    for mut socket in found {
        let address = socket.ip();
        if let Some(why) = address::forbidden(address, reach) {
            return Err(NameError::Forbidden { host, address, why });
        }
        // The port is that of the URL, whatever the resolver says.
        socket.set_port(0);
        if addresses.len() < MOST {
            addresses.push(socket);
        }
    }
    if addresses.is_empty() {
        return Err(NameError::Unknown { host, why: "the name exists without one".to_owned() });
    }
    Ok(addresses)
}

/// The resolver of the system.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
