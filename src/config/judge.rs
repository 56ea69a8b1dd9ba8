//! What values mean: ranges, forms of identifiers, and combinations that are dangerous or of no use.

use chrono::NaiveTime;
use tracing_subscriber::EnvFilter;

use crate::config::Settings;
use crate::config::check::Remark;
use crate::dscsa::RuleOverrides;
use crate::gs1::Gln;
use crate::notices::NoticeKind;
use crate::transport::is_mail_address;
use crate::transport::mail::Security;

/// Connections that a database is asked for at most.
const MOST_CONNECTIONS: u32 = 1_000;

/// What there is to say of settings that can all be read.
pub(super) fn remarks(settings: &Settings) -> Vec<Remark> {
    let mut remarks = Vec::new();
    ranges(settings, &mut remarks);
    ranges_of_partners(settings, &mut remarks);
    identifiers(settings, &mut remarks);
    words(settings, &mut remarks);
    mail(settings, &mut remarks);
    combinations(settings, &mut remarks);
    remarks
}

/// Numbers that must not be nothing, and those that are surely a slip.
fn ranges(settings: &Settings, remarks: &mut Vec<Remark>) {
    let Settings { server, store, capture, limits, api, routing, outbound, returns, .. } = settings;
    let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let most = u64::from(MOST_CONNECTIONS);
    let within = [
        ("server.threads", size(server.threads), 1, 1_024),
        ("server.connections", size(server.connections), 1, 1_000_000),
        ("server.stop_seconds", server.stop_seconds, 0, 3_600),
        ("store.readers", u64::from(store.readers), 1, most),
        ("store.writers", u64::from(store.writers), 1, most),
        ("store.writer_cache_mib", u64::from(store.writer_cache_mib), 1, 1_048_576),
        ("store.reader_cache_mib", u64::from(store.reader_cache_mib), 1, 1_048_576),
        ("store.wal_autocheckpoint_pages", u64::from(store.wal_autocheckpoint_pages), 1, 10_000_000),
        ("store.busy_timeout_seconds", u64::from(store.busy_timeout_seconds), 1, 3_600),
        ("store.lease_seconds", u64::from(store.lease_seconds), 5, 86_400),
        ("capture.workers", size(capture.workers), 1, 256),
        ("limits.document_bytes", limits.document_bytes, 1_024, u64::MAX),
        ("limits.event_bytes", limits.event_bytes, 1_024, u64::MAX),
        ("limits.body_seconds", limits.body_seconds, 1, 604_800),
        ("limits.documents_at_once", size(limits.documents_at_once), 1, 10_000),
        ("limits.expansion", limits.expansion, 1, 10_000),
        ("api.per_page", size(api.per_page), 1, size(api.most_per_page)),
        ("api.most_per_page", size(api.most_per_page), 1, 100_000),
        ("api.url_bytes", size(api.url_bytes), 256, 65_536),
        ("routing.deadline_milliseconds", routing.deadline_milliseconds, 10, 600_000),
        ("routing.late_deadline_milliseconds", routing.late_deadline_milliseconds, 10, 3_600_000),
        ("routing.concurrency", size(routing.concurrency), 1, 10_000),
        ("routing.answer_bytes", size(routing.answer_bytes), 1_024, 104_857_600),
        ("outbound.connect_seconds", outbound.connect_seconds, 1, 600),
        ("mail.seconds", settings.mail.seconds, 1, 600),
        ("returns.most_scans", size(returns.most_scans), 1, 1_000_000),
        ("returns.at_once", size(returns.at_once), 1, 10_000),
    ];
    remarks.extend(within.into_iter().filter_map(out_of_range));
}

/// The same of who is let in, of bringing partners on, and of exchanging with them.
fn ranges_of_partners(settings: &Settings, remarks: &mut Vec<Remark>) {
    let Settings { access, audit, partners, exchange, as2, outbound, .. } = settings;
    let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let within = [
        ("access.idle_minutes", u64::from(access.idle_minutes), 1, 10_080),
        ("access.session_hours", u64::from(access.session_hours), 1, 720),
        ("access.station_days", u64::from(access.station_days), 1, 3_660),
        ("audit.checkpoint_minutes", u64::from(audit.checkpoint_minutes), 0, 10_080),
        ("partners.invitation_days", u64::from(partners.invitation_days), 1, 3_660),
        ("partners.invitation_uploads", partners.invitation_uploads, 1, 1_000_000),
        ("partners.invitation_bytes", partners.invitation_bytes, 1_024, u64::MAX),
        ("partners.test_bytes", partners.test_bytes, 1_024, u64::MAX),
        ("partners.tests_at_once", size(partners.tests_at_once), 1, 256),
        ("partners.score_weeks", u64::from(partners.score_weeks), 1, 520),
        ("exchange.pause_days", u64::from(exchange.pause_days), 1, 3_660),
        ("exchange.channels_at_once", size(exchange.channels_at_once), 1, 10_000),
        ("exchange.carry_seconds", exchange.carry_seconds, 1, 604_800),
        ("exchange.lease_seconds", u64::from(exchange.lease_seconds), 1, 86_400),
        ("exchange.most_open", u64::from(exchange.most_open), 1, 10_000_000),
        ("as2.body_bytes", as2.body_bytes, 1_024, 1_073_741_824),
        ("as2.content_bytes", as2.content_bytes, 1_024, 4_294_967_296),
        ("as2.expansion", as2.expansion, 1, 10_000),
        ("as2.messages_at_once", size(as2.messages_at_once), 1, 1_000),
        ("as2.send_seconds", as2.send_seconds, 1, 86_400),
        ("as2.receipt_minutes", as2.receipt_minutes, 1, 525_600),
        ("outbound.sftp_answer_seconds", outbound.sftp_answer_seconds, 1, 3_600),
    ];
    remarks.extend(within.into_iter().filter_map(out_of_range));
    if !(0.0..=1.0).contains(&exchange.jitter) {
        let what = format!("{} is out of range", exchange.jitter);
        remarks.push(Remark::error("exchange.jitter", what, "write a share from 0 to 1"));
    }
    if exchange.schedule_seconds.is_empty() {
        let what = "nothing would ever be sent";
        remarks.push(Remark::error(
            "exchange.schedule_seconds",
            what,
            "write at least one number, 0 for at once",
        ));
    }
}

/// The key, its value, and the least and the most that it may be; `None` where it is between them.
fn out_of_range((key, value, least, most): (&str, u64, u64, u64)) -> Option<Remark> {
    let mend = format!("write a number from {least} to {most}");
    (value < least || value > most).then(|| Remark::error(key, format!("{value} is out of range"), mend))
}

/// GLNs, which have a check digit.
fn identifiers(settings: &Settings, remarks: &mut Vec<Remark>) {
    for (key, text) in [
        ("exceptions.gln", &settings.exceptions.gln),
        ("routing.requester", &settings.routing.requester),
        ("verification.responder", &settings.verification.responder),
    ] {
        if let Some(error) = Gln::parse(text).err().filter(|_| !text.is_empty()) {
            remarks.push(Remark::error(key, format!("{text:?}: {error}"), "write the 13 digits of the GLN"));
        }
    }
    let email = &settings.exceptions.email;
    if !email.is_empty() && !is_mail_address(email) {
        remarks.push(Remark::error(
            "exceptions.email",
            format!("{email:?} is no e-mail address"),
            "write name@host",
        ));
    }
}

/// Whom mail goes to, and whether anything takes it.
fn mail(settings: &Settings, remarks: &mut Vec<Remark>) {
    let everybody = settings.notices.everybody();
    for kind in NoticeKind::ALL {
        for reader in kind.readers(&settings.notices).filter(|reader| !is_mail_address(reader)) {
            let key = format!("notices.{}", kind.as_str());
            remarks.push(Remark::error(&key, format!("{reader:?} is no e-mail address"), "write name@host"));
        }
    }
    if settings.mail.host.is_empty() && !everybody.is_empty() {
        let what = "notices have readers, and no mail server is named";
        remarks.push(Remark::error(
            "mail.host",
            what,
            "set mail.host and mail.from, or empty the lists of [notices]",
        ));
    }
    if !settings.mail.host.is_empty() && everybody.is_empty() {
        let what = "a mail server is named, and nobody is to hear of anything";
        remarks.push(Remark::warning("mail.host", what, "name somebody in [notices]"));
    }
    let usual = match settings.mail.port {
        465 => Security::Tls,
        587 => Security::Starttls,
        _ => settings.mail.security,
    };
    if !settings.mail.host.is_empty() && usual != settings.mail.security {
        let what = format!("port {} is usually spoken to otherwise", settings.mail.port);
        remarks.push(Remark::warning("mail.security", what, "write starttls for 587, and tls for 465"));
    }
}

/// Words with a grammar of their own.
fn words(settings: &Settings, remarks: &mut Vec<Remark>) {
    if let Err(error) = EnvFilter::try_new(&settings.log.level) {
        let mend = "write error, warn, info, debug or trace, or directives such as \"info,access=warn\"";
        remarks.push(Remark::error("log.level", format!("{:?}: {error}", settings.log.level), mend));
    }
    let probe = &settings.routing.probe_at;
    if !probe.is_empty() && NaiveTime::parse_from_str(probe, "%H:%M").is_err() {
        let mend = "write it as \"03:30\", or \"\" for never";
        remarks.push(Remark::error("routing.probe_at", format!("{probe:?} is no time of the day"), mend));
    }
    for (rule, word) in &settings.rules {
        if let Err(error) = RuleOverrides::default().set(rule, word) {
            let mend = "write hard, business, warning, note or off; `epcgate rules` lists the rules";
            remarks.push(Remark::error(&format!("rules.{rule}"), error.to_string(), mend));
        }
    }
}

/// Settings that are each fine, and together are not.
fn combinations(settings: &Settings, remarks: &mut Vec<Remark>) {
    let exposed = !settings.server.address.is_loopback();
    if exposed && settings.tls.certificate.as_os_str().is_empty() {
        let what = "other machines can reach it, and what they send, keys included, travels as plain text";
        remarks.push(Remark::warning(
            "tls.certificate",
            what,
            "set tls.certificate and tls.key, or let a proxy on this machine speak TLS",
        ));
    }
    if settings.outbound.allow_loopback {
        let what =
            "partners' addresses may then be of this machine: whoever writes one can reach its services";
        remarks.push(Remark::warning("outbound.allow_loopback", what, "set it to false outside tests"));
    }
    if settings.routing.late_deadline_milliseconds < settings.routing.deadline_milliseconds {
        let what = "less time is given when nobody waits than when somebody does";
        remarks.push(Remark::warning(
            "routing.late_deadline_milliseconds",
            what,
            "make it longer than routing.deadline_milliseconds",
        ));
    }
    let url = &settings.database.url;
    if url.starts_with("postgres") && !url.contains("sslmode=verify-full") && !is_local(url) {
        let what = "the connection to the database may be read or taken over on its way";
        remarks.push(Remark::warning(
            "database.url",
            what,
            "add sslmode=verify-full and sslrootcert=FILE to it",
        ));
    }
    if settings.export.affirm_transaction_statement && settings.exceptions.gln.is_empty() {
        let what = "transaction statements are affirmed, and nobody says by whom";
        remarks.push(Remark::warning("exceptions.gln", what, "set it to your GLN"));
    }
}

/// True where the database is on this machine: by a socket, or on loopback.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.split(']').next())
        .unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    let named =
        host.is_empty() && !url.contains("host=") || url.contains("host=/") || url.contains("host=%2F");
    named
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings), key: &str) {
        let mut settings = Settings::read(None).unwrap();
        change(&mut settings);
        let found = remarks(&settings);
        assert!(
            found.iter().any(|remark| remark.key == key),
            "{key}: {:?}",
            found.iter().map(|r| &r.key).collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_off_is_told() {
        check(|settings| settings.server.threads = 0, "server.threads");
        check(|settings| settings.store.readers = 0, "store.readers");
        check(|settings| settings.api.per_page = 2_000, "api.per_page");
        check(|settings| settings.partners.test_bytes = 0, "partners.test_bytes");
        check(|settings| settings.exchange.jitter = 1.5, "exchange.jitter");
        check(|settings| settings.exchange.schedule_seconds.clear(), "exchange.schedule_seconds");
        check(|settings| settings.as2.body_bytes = u64::MAX, "as2.body_bytes");
        check(|settings| settings.exceptions.gln = "0614141000000".to_owned(), "exceptions.gln");
        check(|settings| settings.exceptions.email = "nobody".to_owned(), "exceptions.email");
        check(|settings| settings.notices.urgent.push("nobody".to_owned()), "notices.urgent");
        check(|settings| settings.notices.urgent.push("a@example.com".to_owned()), "mail.host");
        check(|settings| settings.mail.host = "mail.example.com".to_owned(), "mail.host");
        check(|settings| settings.log.level = "info,=".to_owned(), "log.level");
        check(|settings| settings.routing.probe_at = "25:00".to_owned(), "routing.probe_at");
        check(|settings| settings.server.address = "0.0.0.0".parse().unwrap(), "tls.certificate");
        check(|settings| settings.outbound.allow_loopback = true, "outbound.allow_loopback");
        check(
            |settings| settings.routing.late_deadline_milliseconds = 20,
            "routing.late_deadline_milliseconds",
        );
        check(|settings| settings.database.url = "postgres://u@db.example/x".to_owned(), "database.url");
        check(|settings| settings.export.affirm_transaction_statement = true, "exceptions.gln");
        check(
            |settings| _ = settings.rules.insert("order-missing".into(), "loud".into()),
            "rules.order-missing",
        );
    }

    #[test]
    fn databases_of_this_machine_are_known() {
        for (url, local) in [
            ("postgres://u@localhost:5432/x", true),
            ("postgres://u@127.0.0.1/x", true),
            ("postgres://u@[::1]:5432/x", true),
            ("postgres:///x?host=/run/postgresql", true),
            ("postgres:///x", true),
            ("postgres://u:p@db.example/x", false),
            ("postgres:///x?host=db.example", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }
}
