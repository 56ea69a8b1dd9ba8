//! The OpenAPI 3.1 document of every route: what stands beside each handler (`#[utoipa::path]`), put together.

use actix_web::HttpResponse;
use actix_web::web::Data;
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::ContentBuilder;
use utoipa::openapi::Ref;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::ParameterBuilder;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::path::ParameterStyle;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::schema::Type;

use crate::api::arrivals;
use crate::api::as2;
use crate::api::audit;
use crate::api::capture;
use crate::api::channels;
use crate::api::deliveries;
use crate::api::directory;
use crate::api::documents;
use crate::api::events;
use crate::api::exceptions;
use crate::api::findings;
use crate::api::health;
use crate::api::holds;
use crate::api::invite;
use crate::api::items;
use crate::api::keys;
use crate::api::obligations;
use crate::api::onboarding;
use crate::api::orders;
use crate::api::partners;
use crate::api::problem;
use crate::api::products;
use crate::api::receipts;
use crate::api::resolver;
use crate::api::returns;
use crate::api::rules;
use crate::api::scans;
use crate::api::shipments;
use crate::api::shipping;
use crate::api::transactions;
use crate::api::verifications;
use crate::api::vrs;
use crate::epcis::query::PARAMETER_NAMES;

/// The document as text, made once.
pub struct Document(String);

impl Document {
    /// Generates the document.
    pub fn new() -> Document {
        let mut text = Description::openapi().to_pretty_json().unwrap_or_default();
        text.push('\n');
        Document(text)
    }
}

/// The description of all that this gateway serves (`GET /api/v1/openapi.json`).
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "Operation",
    responses((status = 200, description = "This document.", body = Object)))]
pub async fn show(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

/// Every described handler; a test says which one is missing.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "epcgate",
        description = "EPCIS 2.0 capture and query under `/epcis`, as GS1's REST binding has them, and what epcgate \
                       adds under `/api/v1`. Every resource answers `OPTIONS` with the methods it has (`Allow`). \
                       Identifiers in paths are percent-encoded.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "EPCIS", description = "Capture and query of events (EPCIS 2.0 REST binding)"),
        (name = "Exceptions", description = "What does not fit between us and partners, one case a delivery"),
        (name = "Holds", description = "Product that must not move or be used: holds and recalls"),
        (name = "Products", description = "What is known of trade items, and who says so"),
        (name = "DSCSA", description = "What the US drug supply chain law asks for"),
        (name = "Items", description = "One item, case or logistic unit: state, history, chain of custody, documents"),
        (name = "Returns", description = "Saleable returns: a decision for each unit, with its evidence"),
        (name = "Receiving", description = "Shipments, receipts and their scans"),
        (name = "Trading partners", description = "Partners with their GLNs, licences and what was agreed with them"),
        (name = "Invitations", description = "Test files of partners who have a link and no account"),
        (name = "Verification", description = "Product identifiers asked of who assigned them, and who answers for which"),
        (name = "Exchange", description = "Channels to partners, what came by them and its answers, what goes out"),
        (name = "Orders", description = "Purchase orders and despatch advices"),
        (name = "Verification", description = "Product identifiers: partners ask under `/vrs` (GS1 Lightweight Messaging Standard)"),
        (name = "Access", description = "Who is let in"),
        (name = "Operation", description = "Health, measures and this document"),
    ),
    paths(
        crate::api::top,
        arrivals::answer,
        arrivals::list,
        arrivals::show,
        as2::post,
        as2::receipt,
        audit::list,
        channels::list,
        channels::pause,
        channels::put,
        channels::remove,
        channels::resume,
        channels::show,
        deliveries::list,
        deliveries::replay,
        deliveries::show,
        capture::list,
        capture::post,
        capture::show,
        documents::show,
        events::list,
        events::post,
        events::show,
        exceptions::close,
        exceptions::list,
        exceptions::messages,
        exceptions::note,
        exceptions::notify,
        exceptions::receive,
        exceptions::respond,
        exceptions::show,
        health::alive,
        health::measures,
        findings::list,
        health::ready,
        holds::list,
        holds::open,
        holds::release,
        holds::show,
        keys::add,
        keys::list,
        keys::revoke,
        keys::show,
        obligations::list,
        obligations::settle,
        orders::import_advices,
        orders::import_orders,
        orders::list_advices,
        orders::list_orders,
        orders::show_advice,
        orders::show_order,
        resolver::resolve,
        verifications::list,
        verifications::show,
        verifications::verify,
        directory::check,
        directory::export,
        directory::import,
        directory::list,
        directory::remove,
        partners::import,
        partners::list,
        partners::put,
        partners::remove,
        partners::show,
        products::import,
        products::list,
        products::show,
        invite::post,
        invite::show,
        invite::test,
        onboarding::card,
        onboarding::invitations,
        onboarding::invite,
        onboarding::live,
        onboarding::pause,
        onboarding::revoke,
        onboarding::score,
        onboarding::test,
        onboarding::tests,
        items::chain,
        items::history,
        items::show,
        receipts::close,
        receipts::list,
        receipts::open,
        receipts::scan,
        receipts::show,
        receipts::units,
        returns::check,
        returns::close,
        returns::list,
        returns::open,
        returns::packages,
        returns::sheet,
        returns::show,
        returns::units,
        shipments::list,
        shipments::show,
        rules::list,
        rules::show,
        scans::read,
        show,
        shipping::post,
        transactions::list,
        vrs::connectivity,
        vrs::verify,
    ),
    components(schemas(problem::Body)),
    modifiers(&Recalls, &Names, &Problems, &QueryParameters),
)]
struct Description;

/// Describes recalls as holds are, which they are but for their name.
struct Recalls;

impl Modify for Recalls {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let paths = &mut openapi.paths.paths;
        let holds = paths.iter().filter(|(path, _)| path.starts_with("/api/v1/holds"));
        let recalls: Vec<_> =
            holds.map(|(path, item)| (path.replace("/holds", "/recalls"), item.clone())).collect();
        paths.extend(recalls);
    }
}

/// Gives each operation a name of its own, from its method and path: `getEpcisEventsByEventID`.
struct Names;

impl Modify for Names {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            let words: String = path.split(['/', '.', '-']).map(word).collect();
            let named = [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post)];
            let more = [("patch", &mut item.patch), ("delete", &mut item.delete)];
            for (method, operation) in named.into_iter().chain(more) {
                if let Some(operation) = operation {
                    operation.operation_id = Some(format!("{method}{words}"));
                }
            }
        }
    }
}

fn word(segment: &str) -> String {
    let by = if segment.starts_with('{') { "By" } else { "" };
    let name = segment.trim_matches(['{', '}']);
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    by.chars().chain(first).chain(letters).collect()
}

/// Gives each operation the problem that it answers with where it fails.
struct Problems;

impl Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for operation in openapi.paths.paths.values_mut().flat_map(operations) {
            let schema = Some(Ref::from_schema_name("Problem"));
            let problem = ResponseBuilder::new()
                .description("What is wrong, and how to mend it (RFC 9457).")
                .content("application/problem+json", ContentBuilder::new().schema(schema).build());
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| problem.into());
        }
    }
}

/// Gives the query of events the standard's parameters, from the list that reads them.
struct QueryParameters;

impl Modify for QueryParameters {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let query = openapi.paths.paths.get_mut("/epcis/events").and_then(|path| path.get.as_mut());
        let parameters = PARAMETER_NAMES.iter().map(|name| parameter(name).into());
        if let Some(query) = query {
            query.parameters.get_or_insert_default().extend(parameters);
        }
    }
}

/// One whose name ends with `_` stands for all names that begin so: a free-form object, its members parameters.
fn parameter(name: &str) -> utoipa::openapi::path::Parameter {
    let (schema, description) = if name.ends_with('_') {
        let members =
            ObjectBuilder::new().additional_properties(Some(ObjectBuilder::new().schema_type(Type::String)));
        (members, format!("`{name}` followed by a type; values are delimited by `|`."))
    } else {
        (ObjectBuilder::new().schema_type(Type::String), "Values are delimited by `|`.".to_owned())
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .style(name.ends_with('_').then_some(ParameterStyle::Form))
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

fn operations(path: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::rc::Rc;

    use actix_web::App;
    use actix_web::dev::Service;
    use actix_web::http::Method;
    use actix_web::http::StatusCode;
    use actix_web::test;
    use actix_web::test::TestRequest;
    use serde_json::Value;

    use super::*;
    use crate::access;
    use crate::api::Settings;
    use crate::api::Shared;
    use crate::capture::Limits;
    use crate::capture::Queue;
    use crate::exchange::Inbox;
    use crate::exchange::Outbox;
    use crate::exchange::as2::Station;
    use crate::store;
    use crate::store::Store;

    /// Pages for people; they are not described.
    const PAGES: [&str; 4] = ["/docs", "/docs/{file}", "/rules", "/rules/{id}"];

    /// A scope that answers for all that stands below it, with how that is described.
    const WHOLE: (&str, &str) = ("/vrs/verify", "/vrs/verify/gtin/{gtin}/lot/{lot}/ser/{ser}");

    #[std::prelude::v1::test]
    fn the_kept_document_is_what_the_code_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
        let generated = Document::new().0;
        if std::env::var_os("EPCGATE_BLESS").is_some() {
            fs::write(&path, &generated).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept == generated, "schemas/openapi.json is old: EPCGATE_BLESS=1 cargo test --lib openapi");
    }

    /// Full patterns of all resources, from how actix shows its map of them: an indented tree, scopes being prefixes.
    fn patterns(map: &str) -> BTreeSet<String> {
        let mut scopes: Vec<(usize, String)> = Vec::new();
        let mut found = BTreeSet::new();
        let lines: Vec<&str> = map.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.trim() == "patterns: Single(") {
            let depth = line.len() - line.trim_start().len();
            let pattern = lines[at + 1].trim().trim_matches([',', '"']);
            scopes.retain(|(scope, _)| *scope < depth);
            let whole =
                scopes.last().map(|(_, prefix)| prefix.as_str()).unwrap_or_default().to_owned() + pattern;
            match lines[at + 3].contains("true") {
                true if whole == WHOLE.0 => drop(found.insert(WHOLE.1.to_owned())),
                true => scopes.push((depth, whole)),
                false => drop(found.insert(whole)),
            }
        }
        found
    }

    /// A pattern as the document writes it: without the form of a segment, and without a slash at its end.
    fn described(pattern: &str) -> String {
        let mut path = String::new();
        for part in pattern.split_inclusive('}') {
            let (before, name) = part.split_once('{').unwrap_or((part, ""));
            path += before;
            if let Some(name) = name.strip_suffix('}') {
                path += &format!("{{{}}}", name.split(':').next().unwrap());
            }
        }
        path.trim_end_matches('/').to_owned()
    }

    #[actix_web::test]
    async fn every_route_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("epcgate.db");
        let store = Store::open(database.to_str().unwrap(), &store::Settings::default()).unwrap();
        let shared = Shared::new(
            &store,
            &Settings::default(),
            &Limits::default(),
            &Default::default(),
            Queue::default(),
        );
        let inbox = Inbox::new(&store, &Default::default(), &Limits::default(), Queue::default());
        let outbox = Outbox::new(&store, &Default::default());
        let shared = shared.stationed(&Station::new(&store, &Default::default(), &inbox, &outbox));
        let map = Rc::new(RefCell::new(String::new()));
        let seen = map.clone();
        let app = App::new().configure(|config| shared.configure(config)).wrap_fn(move |request, next| {
            seen.replace(format!("{:#?}", request.resource_map()));
            next.call(request)
        });
        let app = test::init_service(app).await;
        test::call_service(&app, TestRequest::with_uri("/healthz").to_request()).await;
        let mut served = BTreeSet::new();
        for pattern in patterns(&map.take()) {
            let path = described(&pattern);
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let request = TestRequest::with_uri(&path.replace(['{', '}'], "")).method(method.clone());
                let answer = test::call_service(&app, request.to_request()).await;
                if answer.status() != StatusCode::METHOD_NOT_ALLOWED && !PAGES.contains(&path.as_str()) {
                    served.insert(format!("{} {path}", method.as_str().to_lowercase()));
                }
            }
        }
        let document: Value = serde_json::from_str(&Document::new().0).unwrap();
        let paths = document["paths"].as_object().unwrap().iter();
        let described: BTreeSet<String> = paths
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |it| format!("{it} {path}")))
            .collect();
        assert!(served.contains("get /epcis/events/{eventID}"), "{served:?}");
        let absent: Vec<_> = served.difference(&described).collect();
        assert!(
            absent.is_empty(),
            "add #[utoipa::path] to the handler, and its name to the list above: {absent:?}"
        );
        let asked = |route: &&String| {
            let (method, path) = route.split_once(' ').unwrap();
            matches!(access::way(&method.to_uppercase(), path), access::Way::Listed { page: false, .. })
        };
        let unguarded: Vec<_> = described.iter().filter(|route| !asked(route)).collect();
        assert!(unguarded.is_empty(), "say in access::ROUTES what they ask of who calls: {unguarded:?}");
        let listed =
            access::ROUTES.iter().map(|(method, path, _)| format!("{} {path}", method.to_lowercase()));
        let gone: Vec<_> = listed.filter(|route| !described.contains(route)).collect();
        assert!(gone.is_empty(), "in access::ROUTES, but not served: {gone:?}");
        let unreal: Vec<_> = described.difference(&served).collect();
        assert!(unreal.is_empty(), "described, but not served: {unreal:?}");
    }
}
