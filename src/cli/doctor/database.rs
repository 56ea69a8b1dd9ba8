//! The database: reachable, up to date, whole, and safe in its commits.

use std::path::PathBuf;

use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::bytes;
use crate::config::Settings;
use crate::store;
use crate::store::DatabaseLook;

/// The oldest PostgreSQL that is tested.
const OLDEST_SERVER: u32 = 13;

/// Tells how the database is; true where it can be opened without changing it, and the file of SQLite.
pub(super) fn checks(
    url: &str,
    settings: &Settings,
    whole: bool,
    report: &mut Report,
) -> anyhow::Result<(bool, Option<PathBuf>)> {
    let look = match store::look(url, &settings.store, whole) {
        Ok(Some(look)) => look,
        Ok(None) => {
            let says = "there is no database yet; it is made as the gateway starts";
            report.tell(&Check::warning("database", says, "start the gateway: epcgate serve"))?;
            let file = url.strip_prefix("sqlite:").unwrap_or(url);
            return Ok((false, Some(PathBuf::from(file))));
        }
        Err(error) => {
            let next = "see that it runs and that database.url, its password and its certificates are right";
            report.tell(&Check::bad("database", error.to_string(), next))?;
            return Ok((false, None));
        }
    };
    let place = look.file.as_ref().map_or_else(String::new, |file| format!(", {}", file.display()));
    report.tell(&Check::good("database", format!("{}{place}, {}", look.version, bytes(look.bytes))))?;
    report.tell(&migrations(&look))?;
    report.tell(&durability(&look))?;
    report.tell_all(role(&look))?;
    report.tell_all(log(&look, settings))?;
    if look.file.is_some() {
        report.tell(&integrity(&look, whole))?;
    }
    Ok((look.missing == 0 && look.unknown == 0 && look.damage.is_empty(), look.file))
}

fn migrations(look: &DatabaseLook) -> Check {
    match (look.missing, look.unknown) {
        (0, 0) => Check::good("migrations", "the tables are as this program has them"),
        (missing, 0) => Check::warning(
            "migrations",
            format!("{missing} steps are to be done"),
            "start the gateway, which does them; make a backup before",
        ),
        (_, unknown) => Check::bad(
            "migrations",
            format!("the database has {unknown} steps that this program does not know"),
            "a newer epcgate has used it: install that one again",
        ),
    }
}

fn durability(look: &DatabaseLook) -> Check {
    let store::Durability { synchronous, journal } = &look.durability;
    let says = format!("synchronous = {synchronous}, journal = {journal}");
    let safe = match look.file {
        Some(_) => matches!(synchronous.as_str(), "full" | "extra") && journal == "wal",
        None => matches!(synchronous.as_str(), "on" | "remote_write" | "remote_apply" | "local"),
    };
    match safe {
        true => Check::good("durability", format!("{says}: what was acknowledged survives a loss of power")),
        false if look.file.is_some() => {
            Check::bad("durability", says, "the folder must be on a local disk that allows a write-ahead log")
        }
        false => Check::bad(
            "durability",
            format!("{says}: what was acknowledged may be lost with power"),
            "ALTER ROLE … SET synchronous_commit = on, for the role that epcgate signs in with",
        ),
    }
}

fn role(look: &DatabaseLook) -> Option<Check> {
    let role = look.role.as_ref()?;
    let version =
        look.version.split(' ').nth(1).and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if version.is_some_and(|version| version < OLDEST_SERVER) {
        let next = format!("upgrade the server to {OLDEST_SERVER} or later");
        return Some(Check::warning(
            "database",
            format!("{} is older than what is tested", look.version),
            next,
        ));
    }
    if role.superuser || role.bypasses {
        let says = format!("we are signed in as {}, for which no row-level security holds", role.name);
        let next = "sign in with a role of its own: CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS";
        return Some(Check::warning("role", says, next));
    }
    Some(Check::good("role", format!("signed in as {}, which bypasses nothing", role.name)))
}

fn log(look: &DatabaseLook, settings: &Settings) -> Option<Check> {
    let size = look.wal_bytes?;
    let usual = u64::from(settings.store.wal_autocheckpoint_pages) * 4_096;
    let says = format!("write-ahead log of {}", bytes(size));
    if size > usual.saturating_mul(8) {
        let next = "something reads for very long, or a copy is under way; it shrinks once that ends";
        return Some(Check::warning("log", format!("{says}, usually at most {}", bytes(usual)), next));
    }
    Some(Check::good("log", says))
}

fn integrity(look: &DatabaseLook, whole: bool) -> Check {
    match look.damage.first() {
        Some(first) => Check::bad(
            "integrity",
            format!("the database is damaged: {first} ({} lines in all)", look.damage.len()),
            "stop the gateway, keep the file, and restore the last backup",
        ),
        None if whole => Check::good("integrity", "every page was read, and all fit together"),
        None => Check::good("integrity", "not looked at (--fast)"),
    }
}
