//! Passage: what every request goes through, in one step, as each step of its own would cost more than what it does: too long a
//! URL is refused, who asks is found out, the handler is called, reads are written down, and what came of it is counted.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::dev::ServiceResponse;
use actix_web::middleware::Next;

use crate::access::Way;
use crate::access::way;
use crate::api::admission::Refusal;
use crate::api::admission::TurnedPage;
use crate::api::admission::admit;
use crate::api::observe::explain;
use crate::api::observe::record;
use crate::api::observe::too_long;
use crate::api::reads::note_read;
use crate::api::vrs;

/// Takes a request to its handler, where it may go there, and its answer back. No route is reached around it.
pub async fn pass<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
    page: TurnedPage,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let (pattern, let_in) = match too_long(&request) {
        Some(problem) => (None, Err(Refusal::Failed(problem))),
        None => {
            let pattern = pattern(&request);
            let way = pattern.as_ref().map_or(Way::Unknown, |it| way(request.method().as_str(), it));
            (pattern, admit(&mut request, way, page).await)
        }
    };
    let response = match let_in {
        Ok(()) => {
            let response = next.call(request).await?.map_into_boxed_body();
            match note_read(&response).await {
                Ok(()) => response,
                Err(problem) => ServiceResponse::from_err(problem, response.into_parts().0),
            }
        }
        Err(Refusal::Told(answer)) => request.into_response(answer),
        Err(Refusal::Failed(problem)) => request.error_response(problem),
    };
    let response = explain(response);
    record(&response, pattern, began);
    Ok(response)
}

/// The path of the resource that a request is for, as the server has it.
fn pattern(request: &ServiceRequest) -> Option<Cow<'static, str>> {
    let path = request.match_info().as_str();
    let looked_up = || request.resource_map().match_pattern(path).map(Cow::Owned);
    vrs::pattern(path).map(Cow::Borrowed).or_else(looked_up)
}
