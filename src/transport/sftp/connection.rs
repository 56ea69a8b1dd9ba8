//! Connecting to a server and signing in.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::MethodKind;
use russh::Preferred;
use russh::client;
use russh::client::AuthResult;
use russh::client::Handle;
use russh::client::KeyboardInteractiveAuthResponse;
use russh::keys::Algorithm;
use russh::keys::HashAlg;
use russh::keys::PrivateKeyWithHashAlg;
use russh::keys::decode_secret_key;
use russh_sftp::client::Config;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::rawsession::Limits;
use russh_sftp::extensions;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::transport::Outbound;
use crate::transport::Secrets;
use crate::transport::sftp::Settings;
use crate::transport::sftp::SftpError;
use crate::transport::sftp::host::Pinned;
use crate::transport::sftp::settings::HostKey;

/// After how long a silent server is asked whether it is there; it is gone when it is silent three times as long.
const ALIVE: Duration = Duration::from_secs(15);

/// Rounds of questions that a server may put at sign-in.
const MOST_ROUNDS: usize = 4;

/// Bytes of one read or write: every server takes as many.
const LEAST_CHUNK: u32 = 32_768;

/// Bytes of one read or write with servers that take more.
const MOST_CHUNK: u32 = 65_536;

/// A session with a partner's server, signed in.
pub struct Session {
    /// Requests and answers.
    pub(super) raw: RawSftpSession,
    /// Bytes of one read.
    pub(super) read_bytes: u32,
    /// Bytes of one write.
    pub(super) write_bytes: u32,
    /// Whether the server can be told to bring a file to its disk.
    pub(super) syncs: bool,
    handle: Handle<Pinned>,
}

impl Session {
    /// Connects, makes sure that the server is the one of the channel, and signs in.
    pub async fn open(outbound: &Outbound, settings: &Settings) -> Result<Session, SftpError> {
        let known = settings.known().map_err(SftpError::Setting)?;
        let means = Means::read(&outbound.secrets(), settings)?;
        let stream = outbound.dial_sftp(&settings.host, settings.port).await?;
        let configured = Arc::new(configured(&known));
        let answer = Duration::from_secs(outbound.settings().sftp_answer_seconds.max(1));
        let connecting = client::connect_stream(configured, stream, Pinned { known });
        let mut handle = in_time(answer, "agreeing on keys", connecting).await?;
        in_time(answer, "signing in", sign_in(&mut handle, &settings.user, &means)).await?;
        let opening = async { Ok(handle.channel_open_session().await?) };
        let channel = in_time(answer, "opening a channel", opening).await?;
        let asking = async { Ok(channel.request_subsystem(true, "sftp").await?) };
        in_time(answer, "asking for SFTP", asking).await?;
        let config = Config { request_timeout_secs: answer.as_secs(), ..Config::default() };
        let mut raw = RawSftpSession::new_with_config(channel.into_stream(), config);
        let version = raw.init().await.map_err(|error| SftpError::of("starting SFTP", error))?;
        let has = |name: &str| version.extensions.get(name).is_some_and(|version| version == "1");
        let (mut read_bytes, mut write_bytes) = (LEAST_CHUNK, LEAST_CHUNK);
        if has(extensions::LIMITS) {
            let limits = raw.limits().await.map_err(|error| SftpError::of("asking for limits", error))?;
            let limits = Limits::from(limits);
            (read_bytes, write_bytes) = (chunk(limits.read_len), chunk(limits.write_len));
            raw.set_limits(limits);
        }
        Ok(Session { raw, read_bytes, write_bytes, syncs: has(extensions::FSYNC), handle })
    }

    /// Takes leave, so that the server need not wonder.
    pub async fn close(self) {
        // A server that is gone needs no farewell.
        let _ = self.raw.close_session();
        let farewell = self.handle.disconnect(Disconnect::ByApplication, "", "");
        let _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
    }
}

/// The bytes of one request, where the server says how many it takes.
fn chunk(limit: Option<u64>) -> u32 {
    let limit = limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(MOST_CHUNK);
    limit.clamp(1, MOST_CHUNK)
}

fn configured(known: &[HostKey]) -> client::Config {
    let algorithms: Option<Vec<Algorithm>> = known.iter().map(|key| key.algorithm.clone()).collect();
    let mut preferred = Preferred::DEFAULT;
    preferred.key = match algorithms {
        // A server with several keys is asked for the one we know.
        Some(algorithms) => {
            preferred.key.iter().filter(|one| algorithms.iter().any(|own| same(own, one))).cloned().collect()
        }
        None => preferred
            .key
            .iter()
            .filter(|one| !matches!(one, Algorithm::Rsa { hash: None }))
            .cloned()
            .collect(),
    };
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-epcgate_",
            env!("CARGO_PKG_VERSION")
        ))),
        keepalive_interval: Some(ALIVE),
        preferred,
        ..client::Config::default()
    }
}

/// Whether a key of the first algorithm can prove itself by the second; never by SHA-1.
fn same(own: &Algorithm, offered: &Algorithm) -> bool {
    match (own, offered) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { hash }) => hash.is_some(),
        _ => own == offered,
    }
}

/// What we sign in by.
struct Means {
    key: Option<Arc<russh::keys::PrivateKey>>,
    password: Option<SecretString>,
}

impl Means {
    fn read(secrets: &Secrets, settings: &Settings) -> Result<Means, SftpError> {
        let named = |name: &str| if name.is_empty() { Ok(None) } else { secrets.read(name).map(Some) };
        let passphrase = named(&settings.passphrase)?;
        let key = match named(&settings.key)? {
            Some(text) => {
                let passphrase = passphrase.as_ref().map(|text| text.expose_secret());
                // Why it is none could say something of what is in it.
                let key = decode_secret_key(text.expose_secret(), passphrase);
                Some(Arc::new(key.map_err(|_| SftpError::Key(settings.key.clone()))?))
            }
            None => None,
        };
        Ok(Means { key, password: named(&settings.password)? })
    }
}

async fn sign_in(handle: &mut Handle<Pinned>, user: &str, means: &Means) -> Result<(), SftpError> {
    let (mut tried, mut remaining) = (Vec::new(), None);
    if let Some(key) = &means.key {
        let hash = match key.algorithm() {
            Algorithm::Rsa { .. } => {
                handle.best_supported_rsa_hash().await?.flatten().or(Some(HashAlg::Sha256))
            }
            _ => None,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        tried.push("our key");
        match handle.authenticate_publickey(user, key).await? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => remaining = Some(remaining_methods),
        }
    }
    if let Some(password) = &means.password {
        let takes = |method| remaining.as_ref().is_none_or(|methods| methods.contains(&method));
        if takes(MethodKind::Password) {
            tried.push("our password");
            match handle.authenticate_password(user, password.expose_secret()).await? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => remaining = Some(remaining_methods),
            }
        }
        let asks =
            remaining.as_ref().is_none_or(|methods| methods.contains(&MethodKind::KeyboardInteractive));
        if asks && answered(handle, user, password).await? {
            return Ok(());
        }
    }
    let tried = if tried.is_empty() { "nothing".to_owned() } else { tried.join(" and ") };
    let takes = remaining.map(|methods| methods.iter().map(String::from).collect::<Vec<_>>().join(", "));
    let why = format!("the server was shown {tried}, and takes {}", takes.unwrap_or_default());
    Err(SftpError::SignIn { user: user.to_owned(), why })
}

/// Gives our password to a server that asks for it in words of its own (keyboard-interactive).
async fn answered(
    handle: &mut Handle<Pinned>,
    user: &str,
    password: &SecretString,
) -> Result<bool, SftpError> {
    let mut said = handle.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..MOST_ROUNDS {
        let prompts = match said {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        // What may be seen while it is typed is no question for a password.
        let answers = prompts
            .iter()
            .map(|prompt| if prompt.echo { String::new() } else { password.expose_secret().to_owned() });
        said = handle.authenticate_keyboard_interactive_respond(answers.collect()).await?;
    }
    Ok(false)
}

async fn in_time<T>(
    within: Duration,
    what: &str,
    asked: impl Future<Output = Result<T, SftpError>>,
) -> Result<T, SftpError> {
    match tokio::time::timeout(within, asked).await {
        Ok(answered) => answered,
        Err(_) => Err(SftpError::Timeout(what.to_owned())),
    }
}
