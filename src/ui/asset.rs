//! Style sheet, modules and pictures of the pages, all in the binary.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::http::header::ETAG;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::web;
use rust_embed::Embed;

use crate::ui::page;

#[derive(Embed)]
#[folder = "src/ui/assets/"]
struct Assets;

/// One file (`GET /assets/{file}`).
pub async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let (Some(file), Some(kind)) = (Assets::get(&name), kind(&name)) else {
        return page::not_found("There is no file of this name.");
    };
    let tag: String = file.metadata.sha256_hash().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let held = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // A proxy or the compressing of the answer may have made the tag a weak one.
    let same = held.is_some_and(|held| held.trim_start_matches("W/") == tag);
    let mut response = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if same {
        return response.finish();
    }
    response.content_type(kind).body(file.data.into_owned())
}

fn kind(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_kind_and_nothing_foreign_in_it() {
        let names: Vec<_> = Assets::iter().collect();
        assert!(names.len() > 3, "{names:?}");
        let bytes: usize = names.iter().map(|name| Assets::get(name).unwrap().data.len()).sum();
        assert!(bytes < 80_000, "{bytes} bytes: an old telephone waits for each of them");
        for name in names {
            assert!(kind(&name).is_some(), "{name}");
            let data = Assets::get(&name).unwrap().data.into_owned();
            let text = String::from_utf8(data).unwrap().replace("http://www.w3.org/2000/svg", "");
            for word in ["http:", "https:", "eval(", "innerHTML", "@import", "style="] {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
    }
}
