//! Visit: who looks at a page, and the token that its forms must bring along.

use std::convert::Infallible;
use std::future::Ready;
use std::future::ready;

use actix_web::FromRequest;
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::dev::Payload;

use crate::access::FormToken;

/// As an argument of a handler: what its page needs to know of who looks at it.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// What each form has as `form_token`; empty where nobody signs in.
    pub form_token: String,
}

impl FromRequest for Visit {
    type Error = Infallible;
    type Future = Ready<Result<Visit, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request.extensions().get::<FormToken>().cloned().unwrap_or_default();
        ready(Ok(Visit { form_token: token.0 }))
    }
}
