//! What operators and their machines ask: is it alive, is it ready, how is it doing.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web;
use actix_web::web::Data;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::access::Caller;
use crate::api::problem::Problem;
use crate::store::Store;

/// Upper bounds of the buckets in which seconds are counted.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0];

/// How often what was measured is counted.
const COUNTED: Duration = Duration::from_secs(5);

/// The recorder of this process, of which the `metrics` crate has one.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The process answers (`GET /healthz`).
#[utoipa::path(get, path = "/healthz", tag = "Operation",
    responses((status = 200, description = "`alive`", body = String)))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("alive\n")
}

/// The store answers (`GET /readyz`); 503 where it does not.
#[utoipa::path(get, path = "/readyz", tag = "Operation",
    responses((status = 200, description = "`ready`", body = String)))]
pub async fn ready(store: Data<Store>) -> Result<HttpResponse, Problem> {
    web::block(move || store.jobs(&Caller::operator(), None, 1)).await??;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

/// Measures in the text format of Prometheus (`GET /metrics`).
#[utoipa::path(get, path = "/metrics", tag = "Operation",
    responses((status = 200, description = "Counters and histograms.", body = String)))]
pub async fn measures() -> HttpResponse {
    let text = RECORDER.get().map(PrometheusHandle::render);
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text.unwrap_or_default())
}

/// Begins to measure; later calls in the same process change nothing.
pub fn measure() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = match builder.set_buckets(&SECONDS) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("measures go elsewhere in this process");
        }
        // What is measured is gathered until it is counted; where nobody asks for it, that would grow without end.
        let counted = handle.clone();
        let counting = thread::Builder::new().name("measures".to_owned()).spawn(move || {
            loop {
                thread::sleep(COUNTED);
                counted.run_upkeep();
            }
        });
        if let Err(error) = counting {
            tracing::warn!(%error, "measures are counted when somebody asks for them, and not before");
        }
        handle
    });
}
