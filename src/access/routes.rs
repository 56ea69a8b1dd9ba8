//! Every route of the gateway with what it asks of who calls; a route that is not listed answers nobody.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::access::Permission;

use Need::Anyone;
use Need::May;
use Need::Someone;
use Permission::*;

/// What a route asks of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: what it tells is public, or the route asks for a proof of its own, such as a one-time link.
    Anyone,
    /// To be known here, whatever one may do.
    Someone,
    /// A permission.
    May(Permission),
}

/// One method of one resource: the method, the path as the OpenAPI document writes it, what is asked for.
pub type Route = (&'static str, &'static str, Need);

/// What a request for a path finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// No such path is listed.
    Unknown,
    /// The path is listed, but not with this method.
    OtherMethod,
    /// It is listed.
    Listed {
        /// What is asked for.
        need: Need,
        /// True for pages, where people are told in words and may sign in.
        page: bool,
    },
}

/// What machines ask.
pub const ROUTES: &[Route] = &[
    ("GET", "/epcis", Someone),
    ("GET", "/epcis/capture", May(ReadEvents)),
    ("POST", "/epcis/capture", May(Capture)),
    ("GET", "/epcis/capture/{captureID}", May(ReadEvents)),
    ("GET", "/epcis/events", May(ReadEvents)),
    ("POST", "/epcis/events", May(Capture)),
    ("GET", "/epcis/events/{eventID}", May(ReadEvents)),
    ("GET", "/vrs/verify/gtin/{gtin}/lot/{lot}/ser/{ser}", May(Verify)),
    ("GET", "/vrs/checkConnectivity", May(Verify)),
    ("GET", "/gtin/{rest}", Someone),
    ("GET", "/api/v1/advices", May(ReadTrade)),
    ("POST", "/api/v1/advices", May(ManageCatalogue)),
    ("GET", "/api/v1/advices/{number}", May(ReadTrade)),
    ("GET", "/api/v1/arrivals", May(ReadExchange)),
    ("GET", "/api/v1/arrivals/{id}", May(ReadExchange)),
    ("GET", "/api/v1/arrivals/{id}/answer", May(ReadExchange)),
    ("GET", "/api/v1/audit", May(ReadAudit)),
    ("GET", "/api/v1/channels", May(ReadExchange)),
    ("POST", "/api/v1/channels", May(ManageExchange)),
    ("GET", "/api/v1/channels/{id}", May(ReadExchange)),
    ("DELETE", "/api/v1/channels/{id}", May(ManageExchange)),
    ("POST", "/api/v1/channels/{id}/pause", May(ManageExchange)),
    ("POST", "/api/v1/channels/{id}/resume", May(ManageExchange)),
    ("GET", "/api/v1/deliveries", May(ReadExchange)),
    ("GET", "/api/v1/deliveries/{id}", May(ReadExchange)),
    ("POST", "/api/v1/deliveries/{id}/replay", May(ManageExchange)),
    ("GET", "/api/v1/directory", May(ReadDirectory)),
    ("POST", "/api/v1/directory", May(ManageCatalogue)),
    ("GET", "/api/v1/directory/check", May(ReadDirectory)),
    ("GET", "/api/v1/directory/export", May(ReadDirectory)),
    ("DELETE", "/api/v1/directory/{id}", May(ManageCatalogue)),
    ("GET", "/api/v1/documents/{id}", May(ReadEvents)),
    ("GET", "/api/v1/exceptions", May(ReadCases)),
    ("POST", "/api/v1/exceptions/messages", May(Investigate)),
    ("GET", "/api/v1/exceptions/{id}", May(ReadCases)),
    ("POST", "/api/v1/exceptions/{id}/close", May(Investigate)),
    ("GET", "/api/v1/exceptions/{id}/messages", May(ReadCases)),
    ("POST", "/api/v1/exceptions/{id}/notes", May(Investigate)),
    ("POST", "/api/v1/exceptions/{id}/notify", May(Investigate)),
    ("POST", "/api/v1/exceptions/{id}/respond", May(Investigate)),
    ("GET", "/api/v1/findings", May(ReadEvents)),
    ("GET", "/api/v1/holds", May(ReadStock)),
    ("POST", "/api/v1/holds", May(Investigate)),
    ("GET", "/api/v1/holds/{id}", May(ReadStock)),
    ("POST", "/api/v1/holds/{id}/release", May(Investigate)),
    ("GET", "/api/v1/items/{epc}", May(ReadStock)),
    ("GET", "/api/v1/items/{epc}/custody", May(ReadStock)),
    ("GET", "/api/v1/items/{epc}/history", May(ReadStock)),
    ("GET", "/api/v1/keys", May(ManageAccess)),
    ("POST", "/api/v1/keys", May(ManageAccess)),
    ("GET", "/api/v1/keys/{id}", May(ManageAccess)),
    ("POST", "/api/v1/keys/{id}/revoke", May(ManageAccess)),
    ("GET", "/api/v1/obligations", May(ReadStock)),
    ("POST", "/api/v1/obligations/{id}/settle", May(Investigate)),
    ("GET", "/api/v1/openapi.json", Anyone),
    ("GET", "/api/v1/orders", May(ReadTrade)),
    ("POST", "/api/v1/orders", May(ManageCatalogue)),
    ("GET", "/api/v1/orders/{number}", May(ReadTrade)),
    ("GET", "/api/v1/partners", May(ReadDirectory)),
    ("POST", "/api/v1/partners", May(ManagePartners)),
    ("GET", "/api/v1/partners/{id}", May(ReadDirectory)),
    ("PUT", "/api/v1/partners/{id}", May(ManagePartners)),
    ("DELETE", "/api/v1/partners/{id}", May(ManagePartners)),
    ("GET", "/api/v1/partners/{id}/invitations", May(ReadDirectory)),
    ("POST", "/api/v1/partners/{id}/invitations", May(ManagePartners)),
    ("DELETE", "/api/v1/partners/{id}/invitations/{invitation}", May(ManagePartners)),
    ("POST", "/api/v1/partners/{id}/live", May(ManagePartners)),
    ("POST", "/api/v1/partners/{id}/pause", May(ManagePartners)),
    ("GET", "/api/v1/partners/{id}/card", May(ReadDirectory)),
    ("GET", "/api/v1/partners/{id}/score", May(ReadDirectory)),
    ("GET", "/api/v1/partners/{id}/tests", May(ReadDirectory)),
    ("GET", "/api/v1/partners/{id}/tests/{test}", May(ReadDirectory)),
    ("POST", "/as2", Anyone),
    ("POST", "/as2/mdn", Anyone),
    ("GET", "/invite/{token}", Anyone),
    ("POST", "/invite/{token}", Anyone),
    ("GET", "/invite/{token}/tests/{test}", Anyone),
    ("GET", "/api/v1/products", May(ReadDirectory)),
    ("POST", "/api/v1/products", May(ManageCatalogue)),
    ("GET", "/api/v1/products/{product}", May(ReadDirectory)),
    ("GET", "/api/v1/recalls", May(ReadStock)),
    ("POST", "/api/v1/recalls", May(Investigate)),
    ("GET", "/api/v1/recalls/{id}", May(ReadStock)),
    ("POST", "/api/v1/recalls/{id}/release", May(Investigate)),
    ("GET", "/api/v1/receipts", May(ReadStock)),
    ("POST", "/api/v1/receipts", May(Receive)),
    ("GET", "/api/v1/receipts/{id}", May(ReadStock)),
    ("POST", "/api/v1/receipts/{id}/close", May(Receive)),
    ("POST", "/api/v1/receipts/{id}/scans", May(Receive)),
    ("GET", "/api/v1/receipts/{id}/units", May(ReadStock)),
    ("GET", "/api/v1/returns", May(ReadStock)),
    ("POST", "/api/v1/returns", May(Receive)),
    ("GET", "/api/v1/returns/{id}", May(ReadStock)),
    ("POST", "/api/v1/returns/{id}/check", May(Receive)),
    ("POST", "/api/v1/returns/{id}/close", May(Receive)),
    ("GET", "/api/v1/returns/{id}/sheet", May(ReadStock)),
    ("GET", "/api/v1/returns/{id}/units", May(ReadStock)),
    ("GET", "/api/v1/returns/{id}/units/{line}/packages", May(ReadStock)),
    ("GET", "/api/v1/rules", Anyone),
    ("GET", "/api/v1/rules/{id}", Anyone),
    ("POST", "/api/v1/scans", May(Check)),
    ("GET", "/api/v1/shipments", May(ReadTrade)),
    ("POST", "/api/v1/shipments", May(Ship)),
    ("GET", "/api/v1/shipments/{id}", May(ReadTrade)),
    ("GET", "/api/v1/transactions", May(ReadTrade)),
    ("GET", "/api/v1/verifications", May(ReadStock)),
    ("POST", "/api/v1/verifications", May(Check)),
    ("GET", "/api/v1/verifications/{id}", May(ReadStock)),
    ("GET", "/healthz", Anyone),
    ("GET", "/readyz", Anyone),
    ("GET", "/metrics", May(ReadMeasures)),
];

/// What people look at.
pub const PAGES: &[Route] = &[
    ("GET", "/", Someone),
    ("POST", "/scan", May(Check)),
    ("POST", "/scan/reading", May(Check)),
    ("GET", "/scan/pending/{id}", May(Check)),
    ("GET", "/items/{key}", May(ReadStock)),
    ("GET", "/partners", May(ReadDirectory)),
    ("GET", "/partners/{id}", May(ReadDirectory)),
    ("POST", "/partners/{id}/live", May(ManagePartners)),
    ("GET", "/partners/{id}/tests/{test}", May(ReadDirectory)),
    ("GET", "/invite/{token}/certificates/{name}", Anyone),
    ("GET", "/sign-in", Anyone),
    ("POST", "/sign-in", Anyone),
    ("GET", "/sign-in/with/{provider}", Anyone),
    ("GET", "/sign-in/back", Anyone),
    ("POST", "/sign-out", Someone),
    ("GET", "/set-up/{token}", Anyone),
    ("POST", "/set-up/{token}", Anyone),
    ("GET", "/authority", Anyone),
    ("GET", "/authority/certificate", Anyone),
    ("GET", "/assets/{file}", Anyone),
    ("GET", "/docs", Anyone),
    ("GET", "/docs/{file}", Anyone),
    ("GET", "/rules", Anyone),
    ("GET", "/rules/{id}", Anyone),
];

static BY_PATH: LazyLock<HashMap<&str, Vec<(&Route, bool)>>> = LazyLock::new(|| {
    let mut paths: HashMap<&str, Vec<(&Route, bool)>> = HashMap::new();
    for (routes, page) in [(ROUTES, false), (PAGES, true)] {
        for route in routes {
            paths.entry(route.1).or_default().push((route, page));
        }
    }
    paths
});

/// What a method of a resource asks for. `pattern` is the resource's path as the server has it, forms of segments included.
pub fn way(method: &str, pattern: &str) -> Way {
    // Most have nothing to be left out.
    let listed = BY_PATH.get(pattern).or_else(|| BY_PATH.get(described(pattern).as_str()));
    let Some(listed) = listed else { return Way::Unknown };
    let found = listed.iter().find(|((own, _, _), _)| *own == method);
    found.map_or(Way::OtherMethod, |((_, _, need), page)| Way::Listed { need: *need, page: *page })
}

/// A pattern as the OpenAPI document writes it: without the form of a segment, and without a slash at its end.
fn described(pattern: &str) -> String {
    let mut path = String::with_capacity(pattern.len());
    for part in pattern.split_inclusive('}') {
        let (before, name) = part.split_once('{').unwrap_or((part, ""));
        path.push_str(before);
        if let Some(name) = name.strip_suffix('}') {
            path.push('{');
            path.push_str(name.split(':').next().unwrap_or_default());
            path.push('}');
        }
    }
    let length = path.trim_end_matches('/').len().max(1);
    path.truncate(length);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_their_routes() {
        let listed = |need, page| Way::Listed { need, page };
        for (method, pattern, expected) in [
            ("GET", "/epcis/events/{eventID:.+}", listed(May(ReadEvents), false)),
            ("GET", "/epcis/", listed(Someone, false)),
            ("POST", "/api/v1/partners", listed(May(ManagePartners), false)),
            ("PATCH", "/api/v1/partners", Way::OtherMethod),
            ("GET", "/", listed(Someone, true)),
            ("GET", "/docs/{file:.*}", listed(Anyone, true)),
            ("GET", "/api/v1/secrets", Way::Unknown),
            ("GET", "", Way::Unknown),
        ] {
            assert_eq!(way(method, pattern), expected, "{method} {pattern}");
        }
    }

    #[test]
    fn no_route_is_listed_twice_and_reading_never_asks_for_what_changes() {
        let all: Vec<&Route> = ROUTES.iter().chain(PAGES).collect();
        for (place, route) in all.iter().enumerate() {
            assert!(!all[..place].iter().any(|other| (other.0, other.1) == (route.0, route.1)), "{route:?}");
            let reads = matches!(
                route.2,
                May(ReadEvents
                    | ReadTrade
                    | ReadStock
                    | ReadCases
                    | ReadDirectory
                    | ReadExchange
                    | ReadAudit)
            );
            assert!(
                !reads || route.0 == "GET",
                "{route:?} changes something, and asks for no more than to read"
            );
        }
    }
}
