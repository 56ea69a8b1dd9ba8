//! Channels: how what is exchanged with a partner goes to it and comes from it.

use serde::Deserialize;
use serde::Serialize;

use crate::transport::as2;
use crate::transport::folder;
use crate::transport::https;
use crate::transport::sftp;
use crate::transport::webhook;

/// The protocol of a channel with its settings: `{"webhook": {"url": …}}`. Secrets are named by the files they are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// AS2 (RFC 4130).
    As2(as2::Settings),
    /// SFTP, with us as the client.
    Sftp(sftp::Settings),
    /// An HTTPS endpoint that takes documents.
    Https(https::Settings),
    /// Folders of this machine.
    Folder(folder::Settings),
    /// An HTTPS endpoint that takes signed messages (Standard Webhooks).
    Webhook(webhook::Settings),
}

impl Channel {
    /// `as2`, `sftp`, `https`, `folder` or `webhook`.
    pub fn kind(&self) -> &'static str {
        match self {
            Channel::As2(_) => "as2",
            Channel::Sftp(_) => "sftp",
            Channel::Https(_) => "https",
            Channel::Folder(_) => "folder",
            Channel::Webhook(_) => "webhook",
        }
    }

    /// What goes out by a channel of this kind where nothing is said.
    fn usual_cargo(&self) -> Vec<Cargo> {
        match self {
            Channel::Webhook(_) => vec![Cargo::Events],
            _ => vec![Cargo::Documents],
        }
    }
}

/// What is sent to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cargo {
    /// EPCIS documents, such as the file of a shipment.
    Documents,
    /// What became of each document that the partner sent.
    Answers,
    /// What happens here, as it happens.
    Events,
}

impl Cargo {
    /// Each of them.
    pub const ALL: [Cargo; 3] = [Cargo::Documents, Cargo::Answers, Cargo::Events];

    /// `documents`, `answers` or `events`.
    pub fn as_str(self) -> &'static str {
        match self {
            Cargo::Documents => "documents",
            Cargo::Answers => "answers",
            Cargo::Events => "events",
        }
    }

    /// Reads what [`as_str`](Self::as_str) writes; `None` for any other word.
    pub fn parse(word: &str) -> Option<Cargo> {
        Cargo::ALL.into_iter().find(|cargo| cargo.as_str() == word)
    }
}

/// A channel of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerChannel {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 64.
    pub id: String,
    /// The id of the partner; empty for systems of our own.
    #[serde(default)]
    pub partner: String,
    /// The protocol and its settings.
    pub by: Channel,
    /// What is sent by it; empty for what is usual: events by a webhook, documents by any other.
    #[serde(default)]
    pub carries: Vec<Cargo>,
}

/// Why a channel is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("channel {id}: {why}")]
pub struct ChannelFault {
    /// Its name.
    pub id: String,
    /// What is wrong, and how it is mended.
    pub why: String,
}

impl PartnerChannel {
    /// Whether this is sent by it.
    pub fn carries(&self, cargo: Cargo) -> bool {
        match self.carries.as_slice() {
            [] => self.by.usual_cargo().contains(&cargo),
            given => given.contains(&cargo),
        }
    }

    /// Judges the name and the settings, without calling anybody or reading any file.
    pub fn check(&self) -> Result<(), ChannelFault> {
        let wrong = |why: String| Err(ChannelFault { id: self.id.clone(), why });
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.id.is_empty() || self.id.len() > 64 || !self.id.bytes().all(letter) {
            return wrong("its name must have 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
        }
        if self.partner.contains('\0') {
            return wrong("the id of the partner has a character that nobody writes".to_owned());
        }
        let judged = match &self.by {
            Channel::As2(settings) => settings.check(),
            Channel::Sftp(settings) => settings.check(),
            Channel::Https(settings) => settings.check(),
            Channel::Folder(settings) => settings.check(),
            Channel::Webhook(settings) => settings.check(),
        };
        judged.or_else(wrong)
    }
}

/// A URL that can be called at all; whether it may be is judged when it is.
pub(super) fn check_url(name: &str, url: &str) -> Result<(), String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if parsed.scheme() == "https" => Ok(()),
        Ok(parsed) => Err(format!("{name}: {} is not called, only https", parsed.scheme())),
        Err(error) => Err(format!("{name}: {url:?} is no URL: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PartnerChannel, String> {
        let channel: PartnerChannel = serde_json::from_str(text).map_err(|error| error.to_string())?;
        channel.check().map_err(|fault| fault.to_string())?;
        Ok(channel)
    }

    fn check(text: &str, expected: &str) {
        let fault = read(text).unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }

    #[test]
    fn a_channel_comes_back_from_its_json() {
        let text = r#"{"id":"acme","partner":"acme","by":{"webhook":{"url":"https://acme.example/hook","secrets":["a.key"]}}}"#;
        let channel = read(text).unwrap();
        assert_eq!(read(&serde_json::to_string(&channel).unwrap()), Ok(channel.clone()));
        assert!(channel.carries(Cargo::Events) && !channel.carries(Cargo::Documents));
        let channel =
            read(r#"{"id":"a","by":{"folder":{"drop_off":{"folder":"/a"}}},"carries":["answers"]}"#).unwrap();
        assert!(channel.carries(Cargo::Answers) && !channel.carries(Cargo::Documents));
        assert_eq!(channel.by.kind(), "folder");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(r#"{"id":"a b","by":{"folder":{"drop_off":{"folder":"/a"}}}}"#, "letters");
        check(r#"{"id":"a","by":{"fax":{}}}"#, "fax");
        check(r#"{"id":"a","by":{"folder":{"on":"a"}}}"#, "on");
        check(r#"{"id":"a","by":{"webhook":{"url":"http://a.example","secrets":["k"]}}}"#, "https");
        check(r#"{"id":"a","by":{"webhook":{"url":"https://a.example","secrets":[]}}}"#, "secret");
    }
}
