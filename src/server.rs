//! The server: builds the application, starts the workers, and stops everything in order.

pub mod authority;
mod clients;
mod exchanging;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::App;
use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use actix_web::middleware::Compress;
use actix_web::middleware::from_fn;
use chrono::Utc;
use thiserror::Error;

use crate::access;
use crate::access::Mode;
use crate::access::Provider;
use crate::api;
use crate::api::Counter;
use crate::api::Onboarding;
use crate::audit;
use crate::audit::AuditError;
use crate::audit::Beat;
use crate::audit::Log;
use crate::capture::Policy;
use crate::capture::Workers;
use crate::config::Settings;
use crate::dscsa::NoSeverity;
use crate::notices;
use crate::notices::WatchedCertificate;
use crate::returns;
use crate::returns::Bell;
use crate::server::exchanging::Exchanging;
use crate::server::tls::TlsError;
use crate::store::Acts;
use crate::store::Journal;
use crate::store::Store;
use crate::store::StoreError;
use crate::transport;
use crate::transport::MailError;
use crate::transport::Mailer;
use crate::transport::Outbound;
use crate::transport::OutboundError;
use crate::ui;
use crate::ui::Door;
use crate::ui::OwnAuthority;
use crate::ui::OwnCertificate;
use crate::ui::Pages;
use crate::ui::Welcome;
use crate::verify::Desk;
use crate::verify::Late;
use crate::verify::Means;
use crate::verify::ProviderFault;
use crate::verify::Responder;
use crate::verify::Verifier;
use crate::verify::credential::CredentialError;
use crate::verify::credential::Credentials;
use crate::verify::policy::PolicyFault;

/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Why the gateway does not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address is reachable from elsewhere, and nothing asks who calls.
    #[error(
        "server.address {0} is not a loopback address, and with access.mode = \"open\" whoever reached it would be the \
         operator; set access.mode = \"closed\""
    )]
    Exposed(SocketAddr),
    /// The address cannot be listened on.
    #[error("{0} cannot be listened on: {1}")]
    Listen(SocketAddr, io::Error),
    /// TLS cannot be spoken as the settings say.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gives no threads.
    #[error("the server cannot be started: {0}")]
    Start(io::Error),
    /// The severity of a rule cannot be read.
    #[error("[rules]: {0}")]
    Rules(#[from] NoSeverity),
    /// The product that is ours cannot be told.
    #[error(transparent)]
    Verification(#[from] PolicyFault),
    /// Credentials cannot be judged as the settings say.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// Partners cannot be called as the settings say.
    #[error("[outbound]: {0}")]
    Outbound(#[from] OutboundError),
    /// The audit trail cannot be signed as the settings say.
    #[error("[audit]: {0}")]
    Audit(#[from] AuditError),
    /// A provider cannot be asked as the settings say.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// Mail cannot be sent as the settings say.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// People cannot sign in as the settings say.
    #[error(transparent)]
    SignIn(#[from] access::ProviderError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A gateway that serves.
pub struct Gateway {
    address: SocketAddr,
    secure: bool,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    hands: Hands,
}

/// Those who work while requests are served.
struct Hands {
    workers: Workers,
    late: Late,
    /// `None` where no checkpoints are signed.
    beat: Option<Beat>,
    exchanging: Exchanging,
    /// `None` where our own GLN is not known, so that nothing can come back to us.
    returning: Option<returns::Worker>,
    /// `None` where no mail server is named.
    notices: Option<notices::Worker>,
}

impl Hands {
    /// Stops them in order.
    fn stop(self) {
        self.exchanging.stop();
        self.workers.stop();
        self.late.stop();
        self.beat.into_iter().for_each(Beat::stop);
        self.returning.into_iter().for_each(returns::Worker::stop);
        self.notices.into_iter().for_each(notices::Worker::stop);
    }
}

impl Gateway {
    /// Starts workers and serves requests; returns once the address is bound.
    pub fn start(settings: &Settings, store: &Store) -> Result<Gateway, ServerError> {
        transport::use_ring();
        let wanted = served(settings)?;
        let listener = TcpListener::bind(wanted).map_err(|error| ServerError::Listen(wanted, error))?;
        let address = listener.local_addr().map_err(ServerError::Start)?;
        let tls = tls::settled(&settings.tls)?;
        let secure = tls.is_some();
        let policy = settings.policy()?;
        let mailer = Mailer::new(&settings.mail)?;
        let providers = providers(settings)?;
        let (desk, verifier) = verifying(settings, store)?;
        api::measure();
        let workers = Workers::start(store, &settings.capture, &policy).map_err(ServerError::Start)?;
        let late = Late::start(&verifier, Utc::now).map_err(ServerError::Start)?;
        let beat = signing(&settings.audit, store)?;
        let (counter, returning) = counting(settings, store, &verifier)?;
        let notices = mailer.map(|mailer| {
            notices::Worker::start(store, mailer, &settings.notices, watched(settings), Utc::now)
        });
        let notices = notices.transpose().map_err(ServerError::Start)?;
        let exchanging = Exchanging::start(settings, store, workers.queue())?;
        let shared =
            api::Shared::new(store, &settings.api, &settings.limits, &settings.receiving, workers.queue())
                .with_policy(&policy)
                .exporting(&settings.export)
                .admitting(&settings.access)
                .verifying(&verifier)
                .exchanging(exchanging.boxes())
                .stationed(exchanging.station())
                .returning(counter)
                .noting(Acts::start(store).map_err(ServerError::Start)?)
                .onboarding(Onboarding::new(&settings.partners, &reached(settings, address)))
                .answering(desk);
        let hands = Hands { workers, late, beat, exchanging, returning, notices };
        let own = &settings.tls.authority;
        let own = OwnAuthority((!own.as_os_str().is_empty()).then(|| own.clone()));
        let door = Door::new(store, &settings.access, providers);
        let pages = Pages::new(store, &verifier, &door)
            .welcoming(welcome(settings, &policy, address))
            .installing(own);
        let (sender, receiver) = mpsc::channel();
        let wished = settings.server.clone();
        let serving = thread::Builder::new().name("server".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let build = move || {
                    let shared = shared.clone();
                    let pages = pages.clone();
                    App::new()
                        .wrap(Compress::default())
                        .wrap(from_fn(|request, next| api::pass(request, next, ui::turned_away)))
                        .configure(move |config| shared.configure(config))
                        .configure(move |config| pages.configure(config))
                };
                let server = HttpServer::new(build)
                    .workers(wished.threads.max(1))
                    .max_connections(wished.connections)
                    .client_request_timeout(HEAD)
                    .on_connect(api::note_certificate)
                    .shutdown_timeout(wished.stop_seconds)
                    .disable_signals();
                let listening = match tls {
                    Some(tls) => server.listen_rustls_0_23(listener, tls)?,
                    None => server.listen(listener)?,
                };
                let running = listening.run();
                // Whoever waits for it has it, or has gone.
                let _ = sender.send(running.handle());
                running.await
            })
        });
        let serving = serving.map_err(ServerError::Start)?;
        match receiver.recv() {
            Ok(handle) => Ok(Gateway { address, secure, handle, serving, hands }),
            Err(_) => {
                hands.stop();
                Err(ServerError::Start(ended(serving).err().unwrap_or_else(|| io::ErrorKind::Other.into())))
            }
        }
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that its paths are under, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until the process is told to stop (SIGTERM or SIGINT), then stops.
    pub fn run(self) -> Result<(), ServerError> {
        let runtime = runtime().map_err(ServerError::Start)?;
        runtime.block_on(told_to_stop()).map_err(ServerError::Start)?;
        tracing::info!("stopping");
        self.stop()
    }

    /// Stops in order: takes no more connections, lets requests end, then workers at their next batch.
    pub fn stop(self) -> Result<(), ServerError> {
        let runtime = runtime().map_err(ServerError::Start)?;
        runtime.block_on(self.handle.stop(true));
        let served = ended(self.serving);
        self.hands.stop();
        served.map_err(ServerError::Start)
    }
}

/// What partners that are invited are told of us.
fn welcome(settings: &Settings, policy: &Policy, address: SocketAddr) -> Welcome {
    let https = Some(&settings.tls.certificate).filter(|path| !path.as_os_str().is_empty());
    let https = https.map(|path| OwnCertificate {
        name: "https.pem",
        words: "by which you know our HTTPS server",
        path: path.clone(),
    });
    Welcome {
        overrides: policy.overrides.clone(),
        name: settings.exceptions.name.clone(),
        own: settings.exceptions.gln.clone(),
        address: reached(settings, address),
        settings: settings.partners.clone(),
        certificates: https.into_iter().collect(),
    }
}

/// Where partners reach us: as the settings say, else where we listen.
fn reached(settings: &Settings, address: SocketAddr) -> String {
    let mut settings = settings.clone();
    settings.server.port = address.port();
    settings.public_address()
}

/// Why a gateway would not start with these settings, as far as they alone tell.
pub fn refusals(settings: &Settings) -> Vec<ServerError> {
    let mut refusals = Vec::new();
    let mut try_out = |outcome: Result<(), ServerError>| refusals.extend(outcome.err());
    try_out(served(settings).map(drop));
    try_out(tls::settled(&settings.tls).map(drop).map_err(ServerError::Tls));
    try_out(settings.policy().map(drop).map_err(ServerError::Rules));
    try_out(Mailer::new(&settings.mail).map(drop).map_err(ServerError::Mail));
    match Outbound::new(&settings.outbound) {
        Err(error) => try_out(Err(ServerError::Outbound(error))),
        Ok(outbound) => {
            try_out(
                Credentials::new(&settings.credentials, &outbound)
                    .map(drop)
                    .map_err(ServerError::Credentials),
            );
        }
    }
    refusals
}

/// The certificates whose end people are told of.
pub fn watched(settings: &Settings) -> Vec<WatchedCertificate> {
    let own = Some(&settings.tls.certificate).filter(|file| !file.as_os_str().is_empty());
    let own = own.map(|file| WatchedCertificate { setting: "tls.certificate", file: file.clone() });
    let roots = [
        ("outbound.roots", &settings.outbound.roots),
        ("mail.roots", &settings.mail.roots),
        ("tls.client_authorities", &settings.tls.client_authorities),
        ("as2.identities", &settings.as2.identities),
    ];
    let roots = roots.into_iter().flat_map(|(setting, files)| {
        files.iter().map(move |file| WatchedCertificate { setting, file: file.clone() })
    });
    own.into_iter().chain(roots).collect()
}

/// The address that is listened on.
fn served(settings: &Settings) -> Result<SocketAddr, ServerError> {
    let wanted = SocketAddr::new(settings.server.address, settings.server.port);
    match wanted.ip().is_loopback() || settings.access.mode == Mode::Closed {
        true => Ok(wanted),
        false => Err(ServerError::Exposed(wanted)),
    }
}

/// Who signs people in for us, and sends them back to the address that people reach us at.
fn providers(settings: &Settings) -> Result<Vec<Provider>, ServerError> {
    let back = format!("{}/sign-in/back", settings.access.url.trim_end_matches('/'));
    let outbound = Outbound::new(&settings.outbound)?;
    let each = settings.access.providers.iter();
    Ok(each.map(|one| Provider::new(one, &back, &outbound)).collect::<Result<_, _>>()?)
}

/// Where returns are taken, and the worker that checks them; `None` where our own GLN is not known.
fn counting(
    settings: &Settings,
    store: &Store,
    verifier: &Verifier,
) -> Result<(Counter, Option<returns::Worker>), ServerError> {
    let bell = Bell::default();
    let own = returns::own_gln(&settings.exceptions.gln).ok();
    let counter = Counter { settings: settings.returns.clone(), own, bell: bell.clone() };
    let returning = own.map(|own| {
        let desk = returns::Desk::new(store, verifier, &settings.returns, own, Utc::now);
        returns::Worker::start(desk, &bell)
    });
    Ok((counter, returning.transpose().map_err(ServerError::Start)?))
}

/// Where partners ask us, and what asks others: both write down in one journal.
fn verifying(settings: &Settings, store: &Store) -> Result<(Desk, Verifier), ServerError> {
    let outbound = Outbound::new(&settings.outbound)?;
    let credentials = Credentials::new(&settings.credentials, &outbound)?;
    let responder = Responder::new(store, &settings.verification)?;
    let journal = Journal::start(store).map_err(ServerError::Start)?;
    let means = Means {
        outbound: Some(outbound),
        credentials: Some(credentials.clone()),
        journal: Some(journal.clone()),
        responder: Some(responder.clone()),
    };
    let verifier = Verifier::with(store, &settings.routing(), means)?;
    let asked = (responder, &verifier);
    let desk = Desk::new(store, &settings.verification, asked, journal, credentials);
    Ok((desk, verifier))
}

/// Signs checkpoints of the audit trail, where the settings name a key.
fn signing(settings: &audit::Settings, store: &Store) -> Result<Option<Beat>, ServerError> {
    if settings.checkpoint_minutes == 0 || settings.key_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let random = transport::random();
    let random =
        random.ok_or_else(|| ServerError::Start(io::Error::other("the system gives no random bytes")))?;
    let signer = audit::signer(settings, &random)?;
    let log = Log::with(store, signer, &settings.key_file);
    Beat::start(&log, settings, Utc::now).map(Some).map_err(ServerError::Start)
}

fn ended(serving: JoinHandle<io::Result<()>>) -> io::Result<()> {
    serving.join().unwrap_or_else(|_| Err(io::Error::other("the server ended in a panic")))
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let either = futures_util::future::select(Box::pin(terminate.recv()), Box::pin(interrupt.recv()));
    either.await;
    Ok(())
}
