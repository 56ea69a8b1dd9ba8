//! The HTTP interface: EPCIS 2.0 REST under `/epcis`, and what operators ask.

mod accept;
mod address;
mod admission;
mod arrivals;
mod as2;
mod audit;
mod body;
mod caller;
mod capture;
mod certified;
mod channels;
mod content_coding;
mod deliveries;
mod directory;
mod discovery;
mod docs;
mod documents;
mod events;
mod exceptions;
mod finding;
mod findings;
mod health;
mod holds;
mod import;
mod invite;
mod items;
mod job_document;
mod json_body;
mod keyring;
mod keys;
mod multipart;
mod near;
mod negotiation;
mod obligations;
mod observe;
mod onboarding;
mod openapi;
mod orders;
mod pace;
mod paging;
mod partners;
mod passage;
mod prefixes;
mod problem;
mod products;
mod query_document;
mod reads;
mod receipts;
mod resolver;
mod returns;
mod rules;
mod scans;
mod session;
mod shipments;
mod shipping;
mod transactions;
mod verifications;
mod vrs;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;
use serde::Deserialize;

use crate::access;
use crate::api::as2::Turns;
use crate::api::capture::Gate;
use crate::api::keyring::Keyring;
use crate::api::openapi::Document;
use crate::api::prefixes::Prefixes;
use crate::api::problem::Failure;
use crate::api::problem::Problem;
use crate::capture::Limits;
use crate::capture::Policy;
use crate::capture::Queue;
use crate::exchange::Inbox;
use crate::exchange::Outbox;
use crate::exchange::as2::Station;
use crate::export;
use crate::onboard;
use crate::reconcile::cases;
use crate::reconcile::receipt;
use crate::store::Acts;
use crate::store::Store;
use crate::verify::Desk;
use crate::verify::Verifier;
use crate::verify::routing;

pub use certified::note_certificate;
pub use health::measure;
pub use invite::Onboarding;
pub use negotiation::EpcFormat;
pub use passage::pass;
pub use returns::Counter;

/// How the interface answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How identifiers are spelt where the client does not say.
    pub epc_format: EpcFormat,
    /// Events or jobs on a page where the client does not say.
    pub per_page: usize,
    /// The most a client may ask for.
    pub most_per_page: usize,
    /// Bytes a URL may have.
    pub url_bytes: usize,
    /// Seconds that an event captured alone is waited for.
    pub event_seconds: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            epc_format: EpcFormat::default(),
            per_page: 30,
            most_per_page: 1_000,
            url_bytes: 8_192,
            event_seconds: 30,
        }
    }
}

/// What handlers use, shared by all threads that serve.
#[derive(Clone)]
pub struct Shared {
    store: Data<Store>,
    settings: Data<Settings>,
    limits: Data<Limits>,
    queue: Data<Queue>,
    gate: Data<Gate>,
    prefixes: Data<Prefixes>,
    document: Data<Document>,
    receiving: Data<receipt::Settings>,
    cases: Data<cases::Settings>,
    export: Data<export::Settings>,
    policy: Data<Policy>,
    keyring: Data<Keyring>,
    access: Data<access::Settings>,
    verifier: Data<Verifier>,
    returns: Data<Counter>,
    onboarding: Data<Onboarding>,
    desk: Option<Data<Desk>>,
    acts: Option<Data<Acts>>,
    boxes: Option<(Data<Inbox>, Data<Outbox>)>,
    station: Option<(Data<Station>, Data<Turns>)>,
}

impl Shared {
    /// Shares these among handlers.
    pub fn new(
        store: &Store,
        settings: &Settings,
        limits: &Limits,
        receiving: &receipt::Settings,
        queue: Queue,
    ) -> Shared {
        Shared {
            store: Data::new(store.clone()),
            settings: Data::new(settings.clone()),
            gate: Data::new(Gate::new(limits)),
            prefixes: Data::new(Prefixes::new(store)),
            document: Data::new(Document::new()),
            receiving: Data::new(receiving.clone()),
            cases: Data::default(),
            policy: Data::default(),
            returns: Data::default(),
            limits: Data::new(limits.clone()),
            queue: Data::new(queue),
            export: Data::default(),
            keyring: Data::new(Keyring::new(store)),
            access: Data::default(),
            verifier: Data::new(Verifier::new(store, &routing::Settings::default())),
            onboarding: Data::new(Onboarding::new(&onboard::Settings::default(), "")),
            desk: None,
            acts: None,
            boxes: None,
            station: None,
        }
    }

    /// The same with what the operator has set for documents and cases.
    pub fn with_policy(self, policy: &Policy) -> Shared {
        Shared { cases: Data::new(policy.cases.clone()), policy: Data::new(policy.clone()), ..self }
    }

    /// Lets leave what these settings allow.
    pub fn exporting(mut self, settings: &export::Settings) -> Shared {
        self.export = Data::new(settings.clone());
        self
    }

    /// Lets in whom these settings let in.
    pub fn admitting(mut self, settings: &access::Settings) -> Shared {
        self.access = Data::new(settings.clone());
        self
    }

    /// Verifies with this verifier.
    pub fn verifying(mut self, verifier: &Verifier) -> Shared {
        self.verifier = Data::new(verifier.clone());
        self
    }

    /// Takes returns as this says.
    pub fn returning(mut self, counter: Counter) -> Shared {
        self.returns = Data::new(counter);
        self
    }

    /// Writes down there who reads what; without, nothing is written down.
    pub fn noting(mut self, acts: Acts) -> Shared {
        self.acts = Some(Data::new(acts));
        self
    }

    /// Takes what partners send into this inbox, and their receipts into this outbox.
    pub fn exchanging(mut self, (inbox, outbox): (&Inbox, &Outbox)) -> Shared {
        self.boxes = Some((Data::new(inbox.clone()), Data::new(outbox.clone())));
        self
    }

    /// Brings partners on as this says.
    pub fn onboarding(mut self, onboarding: Onboarding) -> Shared {
        self.onboarding = Data::new(onboarding);
        self
    }

    /// Takes AS2 messages at this station; without one there is no `/as2`.
    pub fn stationed(mut self, station: &Station) -> Shared {
        self.station = Some((Data::new(station.clone()), Data::new(Turns::new(station.own()))));
        self
    }

    /// Answers partners at this desk; without one nobody is answered under `/vrs`.
    pub fn answering(mut self, desk: Desk) -> Shared {
        self.desk = Some(Data::new(desk));
        self
    }

    /// Adds every route.
    pub fn configure(&self, config: &mut ServiceConfig) {
        if let Some(desk) = &self.desk {
            config.app_data(desk.clone());
        }
        if let Some(acts) = &self.acts {
            config.app_data(acts.clone());
        }
        if let Some((inbox, outbox)) = &self.boxes {
            config.app_data(inbox.clone()).app_data(outbox.clone());
        }
        if let Some((station, turns)) = &self.station {
            config
                .app_data(station.clone())
                .app_data(turns.clone())
                .service(discovery::resource("/as2", "OPTIONS, POST").route(web::post().to(as2::post)))
                .service(
                    discovery::resource("/as2/mdn", "OPTIONS, POST").route(web::post().to(as2::receipt)),
                );
        }
        config
            .app_data(self.store.clone())
            .app_data(self.settings.clone())
            .app_data(self.limits.clone())
            .app_data(self.queue.clone())
            .app_data(self.gate.clone())
            .app_data(self.prefixes.clone())
            .app_data(self.document.clone())
            .app_data(self.receiving.clone())
            .app_data(self.cases.clone())
            .app_data(self.export.clone())
            .app_data(self.policy.clone())
            .app_data(self.keyring.clone())
            .app_data(self.access.clone())
            .app_data(self.verifier.clone())
            .app_data(self.returns.clone())
            .app_data(self.onboarding.clone())
            // Routes are tried in this order, and this one is asked most often.
            .configure(vrs::configure)
            .configure(invite::configure)
            .configure(resolver::configure)
            .service(web::scope("/epcis").configure(epcis))
            .service(web::scope("/api/v1").configure(v1))
            .service(discovery::resource("/rules", "OPTIONS, GET").route(web::get().to(rules::index)))
            .service(discovery::resource("/rules/{id}", "OPTIONS, GET").route(web::get().to(rules::page)))
            .service(discovery::resource("/docs", "OPTIONS, GET").route(web::get().to(docs::folder)))
            .service(discovery::resource("/docs/{file:.*}", "OPTIONS, GET").route(web::get().to(docs::file)))
            .service(discovery::resource("/healthz", "OPTIONS, GET").route(web::get().to(health::alive)))
            .service(discovery::resource("/readyz", "OPTIONS, GET").route(web::get().to(health::ready)))
            .service(discovery::resource("/metrics", "OPTIONS, GET").route(web::get().to(health::measures)))
            .default_service(web::to(unknown));
    }
}

fn epcis(config: &mut ServiceConfig) {
    config
        .service(discovery::resource("", "OPTIONS, GET").route(web::get().to(top)))
        .service(discovery::resource("/", "OPTIONS, GET").route(web::get().to(top)))
        .service(
            discovery::capture_resource("/capture", "OPTIONS, POST, GET")
                .route(web::post().to(capture::post))
                .route(web::get().to(capture::list)),
        )
        .service(
            discovery::resource("/capture/{captureID}", "OPTIONS, GET").route(web::get().to(capture::show)),
        )
        .service(
            discovery::capture_resource("/events", "OPTIONS, GET, POST")
                .route(web::post().to(events::post))
                .route(web::get().to(events::list)),
        )
        .service(
            discovery::resource("/events/{eventID:.+}", "OPTIONS, GET").route(web::get().to(events::show)),
        );
}

fn v1(config: &mut ServiceConfig) {
    config.service(discovery::resource("/openapi.json", "OPTIONS, GET").route(web::get().to(openapi::show)));
    config
        .configure(holds)
        .configure(products)
        .configure(receiving)
        .configure(trade)
        .configure(directory::configure)
        .configure(verification)
        .configure(verifications::configure)
        .configure(channels::configure)
        .configure(arrivals::configure)
        .configure(deliveries::configure)
        .service(
            discovery::resource("/transactions", "OPTIONS, GET").route(web::get().to(transactions::list)),
        )
        .service(discovery::resource("/documents/{id}", "OPTIONS, GET").route(web::get().to(documents::show)))
        .service(discovery::resource("/findings", "OPTIONS, GET").route(web::get().to(findings::list)))
        .service(
            discovery::resource("/items/{epc:.+}/custody", "OPTIONS, GET").route(web::get().to(items::chain)),
        )
        .service(
            discovery::resource("/items/{epc:.+}/history", "OPTIONS, GET")
                .route(web::get().to(items::history)),
        )
        .service(discovery::resource("/items/{epc:.+}", "OPTIONS, GET").route(web::get().to(items::show)));
    config
        .configure(keys::configure)
        .service(discovery::resource("/audit", "OPTIONS, GET").route(web::get().to(audit::list)))
        .service(discovery::resource("/rules", "OPTIONS, GET").route(web::get().to(rules::list)))
        .service(discovery::resource("/rules/{id}", "OPTIONS, GET").route(web::get().to(rules::show)));
}

fn receiving(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/shipments", "OPTIONS, GET, POST")
                .route(web::get().to(shipments::list))
                .route(web::post().to(shipping::post)),
        )
        .service(discovery::resource("/shipments/{id}", "OPTIONS, GET").route(web::get().to(shipments::show)))
        .service(
            discovery::resource("/receipts", "OPTIONS, GET, POST")
                .route(web::get().to(receipts::list))
                .route(web::post().to(receipts::open)),
        )
        .service(discovery::resource("/scans", "OPTIONS, POST").route(web::post().to(scans::read)))
        .service(discovery::resource("/receipts/{id}", "OPTIONS, GET").route(web::get().to(receipts::show)))
        .service(
            discovery::resource("/receipts/{id}/units", "OPTIONS, GET").route(web::get().to(receipts::units)),
        )
        .service(
            discovery::resource("/receipts/{id}/scans", "OPTIONS, POST")
                .route(web::post().to(receipts::scan)),
        )
        .service(
            discovery::resource("/receipts/{id}/close", "OPTIONS, POST")
                .route(web::post().to(receipts::close)),
        );
    config.configure(exceptions::configure).configure(returns::configure);
}

fn verification(config: &mut ServiceConfig) {
    config
        .service(discovery::resource("/obligations", "OPTIONS, GET").route(web::get().to(obligations::list)))
        .service(
            discovery::resource("/obligations/{id}/settle", "OPTIONS, POST")
                .route(web::post().to(obligations::settle)),
        );
}

fn trade(config: &mut ServiceConfig) {
    config
        .configure(onboarding::configure)
        .service(
            discovery::resource("/partners", "OPTIONS, GET, POST")
                .route(web::get().to(partners::list))
                .route(web::post().to(partners::import)),
        )
        .service(
            discovery::resource("/partners/{id}", "OPTIONS, GET, PUT, DELETE")
                .route(web::get().to(partners::show))
                .route(web::put().to(partners::put))
                .route(web::delete().to(partners::remove)),
        )
        .service(
            discovery::resource("/orders", "OPTIONS, GET, POST")
                .route(web::get().to(orders::list_orders))
                .route(web::post().to(orders::import_orders)),
        )
        .service(
            discovery::resource("/orders/{number:.+}", "OPTIONS, GET")
                .route(web::get().to(orders::show_order)),
        )
        .service(
            discovery::resource("/advices", "OPTIONS, GET, POST")
                .route(web::get().to(orders::list_advices))
                .route(web::post().to(orders::import_advices)),
        )
        .service(
            discovery::resource("/advices/{number:.+}", "OPTIONS, GET")
                .route(web::get().to(orders::show_advice)),
        );
}

fn holds(config: &mut ServiceConfig) {
    for subject in ["/holds", "/recalls"] {
        config
            .service(
                discovery::resource(subject, "OPTIONS, GET, POST")
                    .route(web::get().to(holds::list))
                    .route(web::post().to(holds::open)),
            )
            .service(
                discovery::resource(&format!("{subject}/{{id}}"), "OPTIONS, GET")
                    .route(web::get().to(holds::show)),
            )
            .service(
                discovery::resource(&format!("{subject}/{{id}}/release"), "OPTIONS, POST")
                    .route(web::post().to(holds::release)),
            );
    }
}

fn products(config: &mut ServiceConfig) {
    config
        .service(
            discovery::resource("/products", "OPTIONS, GET, POST")
                .route(web::get().to(products::list))
                .route(web::post().to(products::import)),
        )
        .service(
            discovery::resource("/products/{product:.+}", "OPTIONS, GET")
                .route(web::get().to(products::show)),
        );
}

/// The resources there are (`GET /`).
#[utoipa::path(get, path = "/epcis", tag = "EPCIS",
    responses((status = 200, description = "The names of the resources.", body = Object)))]
async fn top(request: HttpRequest) -> Result<HttpResponse, Problem> {
    negotiation::accepts_json(request.headers())?;
    Ok(HttpResponse::Ok().insert_header(("GS1-EPCIS-Version", "2.0.0")).json(serde_json::json!({
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "Collection",
        "member": ["capture", "events"],
    })))
}

async fn unknown() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Failure::NoSuchName, "there is nothing of this name; the EPCIS interface is at /epcis"))
}
