//! The page from which devices install the authority of this gateway: without it a browser gives its pages no camera.

use std::fs;
use std::path::PathBuf;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use askama::Template;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::access::Fingerprint;
use crate::ui::page;

/// Where the certificate of the authority is kept, a PEM file; `None` where the gateway has none of its own.
#[derive(Clone, Debug, Default)]
pub struct OwnAuthority(pub Option<PathBuf>);

#[derive(Template)]
#[template(path = "authority.html")]
struct Install {
    fingerprint: String,
}

/// How to install it (`GET /authority`).
pub async fn show(own: Data<OwnAuthority>) -> HttpResponse {
    match certificate(&own) {
        Ok(Some(certificate)) => {
            let text = Fingerprint::of(&certificate).to_string().to_uppercase();
            let pairs: Vec<&str> = (0..32).filter_map(|at| text.get(2 * at..2 * at + 2)).collect();
            page::ok(&Install { fingerprint: pairs.join(" ") })
        }
        Ok(None) => none(),
        Err(error) => page::failed(&error),
    }
}

/// The certificate itself (`GET /authority/certificate`), as devices install it.
pub async fn download(own: Data<OwnAuthority>) -> HttpResponse {
    match certificate(&own) {
        Ok(Some(certificate)) => HttpResponse::Ok()
            .content_type("application/x-x509-ca-cert")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"epcgate-authority.crt\""))
            .body(certificate.to_vec()),
        Ok(None) => none(),
        Err(error) => page::failed(&error),
    }
}

fn none() -> HttpResponse {
    page::not_found("This gateway has no authority of its own; its certificate is vouched for by another.")
}

fn certificate(own: &OwnAuthority) -> Result<Option<CertificateDer<'static>>, String> {
    let Some(path) = &own.0 else { return Ok(None) };
    let said = |error: &dyn std::fmt::Display| format!("tls.authority {}: {error}", path.display());
    let pem = fs::read(path).map_err(|error| said(&error))?;
    CertificateDer::from_pem_slice(&pem).map(Some).map_err(|error| said(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn the_page_shows_the_fingerprint_of_what_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("authority.pem");
        let made = rcgen::generate_simple_self_signed(["gate.example".to_owned()]).unwrap();
        fs::write(&path, made.cert.pem()).unwrap();
        let own = Data::new(OwnAuthority(Some(path.clone())));
        let body = |answer: HttpResponse| actix_web::body::to_bytes(answer.into_body());
        let shown = body(show(own.clone()).await).await.unwrap();
        let digits = Fingerprint::of(made.cert.der()).to_string().to_uppercase();
        let shown = String::from_utf8(shown.to_vec()).unwrap().replace(' ', "");
        assert!(shown.contains(&digits), "{shown}");
        let given = body(download(own.clone()).await).await.unwrap();
        assert_eq!(&given[..], &made.cert.der()[..]);
        fs::write(&path, "broken").unwrap();
        assert_eq!(show(own).await.status(), 503);
        assert_eq!(download(Data::new(OwnAuthority(None))).await.status(), 404);
    }
}
