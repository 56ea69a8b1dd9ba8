//! Who calls by the certificate of its machine: shown in the handshake of TLS, checked there, and here the one of a partner.

use std::any::Any;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::web;
use actix_web::web::Data;

use crate::access::Caller;
use crate::access::Fingerprint;
use crate::access::Role;
use crate::access::Sight;
use crate::access::SpeaksFor;
use crate::api::caller::refused;
use crate::api::problem::Problem;
use crate::gs1::Gln;
use crate::store::Store;

/// The certificate that the client of a connection showed, beside the connection.
#[derive(Clone, Copy, Debug)]
struct Shown(Fingerprint);

/// Notes, as a connection begins, which certificate its client shows, where it shows one.
pub fn note_certificate(connection: &dyn Any, beside: &mut Extensions) {
    let secure = connection.downcast_ref::<TlsStream<TcpStream>>();
    let chain = secure.and_then(|stream| stream.get_ref().1.peer_certificates());
    if let Some(own) = chain.and_then(<[_]>::first) {
        beside.insert(Shown(Fingerprint::of(own)));
    }
}

/// The partner whose machine calls; `None` where it shows no certificate. 401 where it shows one that is pinned for nobody:
/// it is never taken for someone without a certificate.
pub(super) async fn certified(request: &HttpRequest) -> Result<Option<Caller>, Problem> {
    let Some(Shown(fingerprint)) = request.conn_data::<Shown>().copied() else { return Ok(None) };
    let Some(store) = request.app_data::<Data<Store>>().cloned() else {
        return Err(Problem::internal(&"a route asks for certificates that has no store"));
    };
    let found = web::block(move || store.partner_with_certificate(fingerprint)).await??;
    let Some(partner) = found else {
        tracing::warn!(%fingerprint, reason = "unpinned", "a client certificate was refused");
        let detail = format!(
            "the certificate {fingerprint} is pinned for no partner; the operator does so with `epcgate tls pin`"
        );
        return Err(refused(&detail));
    };
    let glns: Vec<Gln> = partner.glns.iter().map(|known| known.gln).collect();
    let sight = Sight::Parties(glns.clone());
    let caller = Caller::new(format!("partner:{}", partner.id), Role::Partner.permissions(), sight);
    Ok(Some(caller.speaking_for(SpeaksFor::These(glns))))
}
