//! Pages for people: a package is scanned and its verdict fills the screen; the life of an item is told; partners are brought on.

mod asset;
mod authority;
mod guard;
mod invite;
mod item;
mod label;
mod page;
mod partners;
mod scan;
mod sign_in;
mod sparkline;
mod verdict;
mod visit;

use actix_web::Resource;
use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web;
use actix_web::web::Data;
use actix_web::web::ServiceConfig;

use crate::store::Store;
use crate::verify::Verifier;

pub use authority::OwnAuthority;
pub use guard::turned_away;
pub use invite::OwnCertificate;
pub use invite::Welcome;
pub use sign_in::Door;

/// What the pages use, shared by all threads that serve.
#[derive(Clone)]
pub struct Pages {
    store: Data<Store>,
    verifier: Data<Verifier>,
    authority: Data<OwnAuthority>,
    welcome: Data<Welcome>,
    door: Data<Door>,
}

impl Pages {
    /// Shares these among the pages.
    pub fn new(store: &Store, verifier: &Verifier, door: &Door) -> Pages {
        Pages {
            store: Data::new(store.clone()),
            verifier: Data::new(verifier.clone()),
            welcome: Data::default(),
            door: Data::new(door.clone()),
            authority: Data::default(),
        }
    }

    /// Welcomes partners that are invited like this.
    pub fn welcoming(mut self, welcome: Welcome) -> Pages {
        self.welcome = Data::new(welcome);
        self
    }

    /// With a page from which devices install this authority.
    pub fn installing(mut self, authority: OwnAuthority) -> Pages {
        self.authority = Data::new(authority);
        self
    }

    /// Adds every route.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.store.clone())
            .app_data(self.verifier.clone())
            .app_data(self.welcome.clone())
            .app_data(self.door.clone())
            .app_data(self.authority.clone())
            .app_data(scan::form())
            .service(guarded(web::resource("/").route(web::get().to(scan::home))))
            .configure(signing_in)
            .service(guarded(web::resource("/scan").route(web::post().to(scan::check))))
            .service(guarded(web::resource("/scan/reading").route(web::post().to(scan::reading))))
            .service(guarded(web::resource("/scan/pending/{id}").route(web::get().to(scan::pending))))
            .service(guarded(web::resource("/items/{key:.+}").route(web::get().to(item::show))))
            .service(guarded(web::resource("/partners").route(web::get().to(partners::list))))
            .service(guarded(web::resource("/partners/{id}").route(web::get().to(partners::show))))
            .service(guarded(web::resource("/partners/{id}/live").route(web::post().to(partners::live))))
            .service(guarded(
                web::resource("/partners/{id}/tests/{test}").route(web::get().to(partners::test)),
            ))
            .service(guarded(web::resource("/invite/{token}").route(web::get().to(invite::show))))
            .service(guarded(
                web::resource("/invite/{token}/tests/{test}").route(web::get().to(invite::test)),
            ))
            .service(guarded(
                web::resource("/invite/{token}/certificates/{name}")
                    .route(web::get().to(invite::certificate)),
            ))
            .service(guarded(web::resource("/authority").route(web::get().to(authority::show))))
            .service(guarded(
                web::resource("/authority/certificate").route(web::get().to(authority::download)),
            ))
            .service(guarded(web::resource("/assets/{file}").route(web::get().to(asset::file))));
    }
}

fn signing_in(config: &mut ServiceConfig) {
    config
        .service(guarded(
            web::resource("/sign-in")
                .route(web::get().to(sign_in::ask))
                .route(web::post().to(sign_in::enter)),
        ))
        .service(guarded(web::resource("/sign-in/with/{provider}").route(web::get().to(sign_in::go))))
        .service(guarded(web::resource("/sign-in/back").route(web::get().to(sign_in::back))))
        .service(guarded(web::resource("/sign-out").route(web::post().to(sign_in::leave))))
        .service(guarded(
            web::resource("/set-up/{token}")
                .route(web::get().to(sign_in::set_up))
                .route(web::post().to(sign_in::choose)),
        ));
}

/// A resource whose answers say what a browser may do with them.
fn guarded(resource: Resource) -> impl HttpServiceFactory {
    resource.wrap(from_fn(guard::stand))
}
