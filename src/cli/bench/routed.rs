//! What passing a question on adds to the time of who answers it.

use std::fs;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::App;
use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::HttpServer;
use actix_web::web;
use anyhow::Context;
use chrono::Utc;
use rcgen::CertifiedKey;
use rustls::ServerConfig;

use crate::access::Caller;
use crate::cli::bench::load::Load;
use crate::cli::bench::measure::Figure;
use crate::cli::bench::verify::GTIN;
use crate::cli::bench::verify::Measuring;
use crate::cli::bench::verify::Packages;
use crate::cli::bench::verify::percentile;
use crate::config::Settings;
use crate::dscsa::verification::Answer;
use crate::dscsa::verification::CorrelationId;
use crate::dscsa::verification::DirectoryContact;
use crate::dscsa::verification::DirectoryRecord;
use crate::dscsa::verification::DirectoryScope;
use crate::dscsa::verification::VerificationResponse;
use crate::formats::verification::write_response;
use crate::gs1::Gtin;
use crate::server::Gateway;
use crate::store::Store;
use crate::transport;

/// Questions a second.
const PACE: f64 = 500.0;

/// What passing on may add for 99 of a hundred questions.
const GOAL: Duration = Duration::from_millis(5);

/// GLN of who answers.
const RESPONDER: &str = "0300010000007";

/// Asks a responder directly, and then through a gateway that has it in its directory and reaches it over TLS.
pub(super) fn run(measuring: Measuring, settings: &Settings) -> anyhow::Result<Vec<Figure>> {
    transport::use_ring();
    let folder = tempfile::tempdir()?;
    let responder = Responder::start()?;
    let root = folder.path().join("root.pem");
    fs::write(&root, &responder.certificate)?;
    let mut settings = settings.clone();
    settings.server.port = 0;
    settings.routing.onward = true;
    settings.routing.requester = "4012345000115".to_owned();
    settings.outbound.allow_loopback = true;
    settings.outbound.roots = vec![root];
    let path = folder.path().join("routed.sqlite");
    let store = Store::open(path.to_str().context("the folder's name is no UTF-8")?, &settings.store)?;
    let record = record(responder.secure)?;
    let kept = store.put_directory(&Caller::operator(), (&[record], false), Utc::now())?;
    kept.map_err(|conflict| anyhow::anyhow!("{conflict:?}"))?;
    let questions = |number: usize| Packages::new(1_000_000, number, &store);
    let gateway = Gateway::start(&settings, &store)?;
    let times = |address| {
        let load = Load { pace: Some(PACE), ..measuring.load(address) };
        // The first round opens the connections that are kept.
        Load { time: Duration::from_secs(1), ..load }.run(questions)?;
        let (_, mut took) = load.run(questions)?;
        took.sort_unstable();
        anyhow::Ok(took)
    };
    let (direct, routed) = (times(responder.plain)?, times(gateway.address())?);
    gateway.stop()?;
    let added = percentile(&routed, 99).saturating_sub(percentile(&direct, 99));
    let milliseconds = |name: &str, time: Duration, ratio: Option<f64>| Figure {
        name: name.to_owned(),
        rate: time.as_secs_f64() * 1_000.0,
        unit: "ms".to_owned(),
        ratio,
        goal: ratio.map(|_| 1.0),
    };
    Ok(vec![
        milliseconds("who answers, asked directly, p99", percentile(&direct, 99), None),
        milliseconds("asked through us, median", percentile(&routed, 50), None),
        milliseconds("asked through us, p99", percentile(&routed, 99), None),
        milliseconds("what we add, p99", added, Some(GOAL.as_secs_f64() / added.as_secs_f64())),
    ])
}

fn record(responder: SocketAddr) -> anyhow::Result<DirectoryRecord> {
    Ok(DirectoryRecord {
        scope: DirectoryScope::Gtin(Gtin::parse(GTIN)?),
        starts: None,
        ends: None,
        context: Box::default(),
        responder: RESPONDER.into(),
        provider: "bench".into(),
        url: format!("https://localhost:{}/vrs", responder.port()).into(),
        active: true,
        source: "bench".into(),
        modified: Some(Utc::now()),
        contact: DirectoryContact::default(),
    })
}

/// Who answers, at once: over plain HTTP, and over TLS with a certificate that is made for it.
struct Responder {
    plain: SocketAddr,
    secure: SocketAddr,
    certificate: String,
}

impl Responder {
    fn start() -> anyhow::Result<Responder> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = signing_key.serialize_der().try_into().map_err(|fault| anyhow::anyhow!("{fault}"))?;
        let tls =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key)?;
        let (plain, secure) = (TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?);
        let made =
            Responder { plain: plain.local_addr()?, secure: secure.local_addr()?, certificate: cert.pem() };
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().name("responder".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let build = || App::new().default_service(web::to(answer));
                let server = HttpServer::new(build).workers(1).disable_signals();
                let running = server.listen(plain)?.listen_rustls_0_23(secure, tls)?.run();
                // Whoever waits for it has it, or has gone.
                let _ = sender.send(());
                running.await
            })
        })?;
        receiver.recv().context("the responder cannot be served")?;
        Ok(made)
    }
}

async fn answer(request: HttpRequest) -> HttpResponse {
    let query = request.uri().query().unwrap_or_default();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("corrUUID="));
    let Some(correlation) = named.and_then(CorrelationId::parse) else {
        return HttpResponse::BadRequest().finish();
    };
    let response = VerificationResponse {
        time: Utc::now().fixed_offset(),
        responder: RESPONDER.into(),
        correlation,
        answer: Answer::Verified { info: None },
    };
    HttpResponse::Ok().content_type("application/json").body(write_response(&response))
}
