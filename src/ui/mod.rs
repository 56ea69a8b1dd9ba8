//! Pages for people: a package is scanned and its verdict fills the screen; the life of an item is told.

mod asset;
mod guard;
mod item;
mod label;
mod page;
mod scan;
mod verdict;

use actix_web::Resource;
use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;

use crate::store::Store;
use crate::verify::Verifier;

/// What the pages use, shared by all threads that serve.
#[derive(Clone)]
pub struct Pages {
    store: Data<Store>,
    verifier: Data<Verifier>,
}

impl Pages {
    /// Shares these among the pages.
    pub fn new(store: &Store, verifier: &Verifier) -> Pages {
        Pages { store: Data::new(store.clone()), verifier: Data::new(verifier.clone()) }
    }

    /// Adds every route.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.store.clone())
            .app_data(self.verifier.clone())
            .app_data(scan::form())
            .service(guarded(web::resource("/").route(web::get().to(scan::home))))
            .service(guarded(web::resource("/scan").route(web::post().to(scan::check))))
            .service(guarded(web::resource("/scan/reading").route(web::post().to(scan::reading))))
            .service(guarded(web::resource("/scan/pending/{id}").route(web::get().to(scan::pending))))
            .service(guarded(web::resource("/items/{key:.+}").route(web::get().to(item::show))))
            .service(guarded(web::resource("/assets/{file}").route(web::get().to(asset::file))));
    }
}

/// A resource that only this machine and its own pages reach.
fn guarded(resource: Resource) -> impl HttpServiceFactory {
    resource.wrap(from_fn(guard::stand))
}
