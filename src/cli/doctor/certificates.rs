//! Certificates: how long each is good, whether each is signed by the next, and whether our key fits ours.

use std::fs;

use chrono::DateTime;
use chrono::Utc;

use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::State;
use crate::config::Settings;
use crate::notices::WatchedCertificate;
use crate::server;
use crate::server::ServerError;
use crate::transport::CertificateFacts;
use crate::transport::certificates_in;
use crate::transport::chain_in;

/// Days before its end from which on a certificate is told of.
const SOON: i64 = 60;

/// Days before its end from which on it is high time.
const HIGH_TIME: i64 = 7;

/// Tells how each certificate is that the settings name.
pub(super) fn checks(settings: &Settings, now: DateTime<Utc>, report: &mut Report) -> anyhow::Result<()> {
    let refusals = server::refusals(settings);
    for refusal in refusals.iter().filter(|refusal| matches!(refusal, ServerError::Tls(_))) {
        report.tell(&Check::bad(
            "certificate",
            refusal.to_string(),
            "the gateway does not start with it: mend the files",
        ))?;
    }
    let watched = server::watched(settings);
    if watched.is_empty() {
        return report.tell(&Check::good("certificate", "none is named: plain HTTP on this machine alone"));
    }
    for WatchedCertificate { setting, file } in watched {
        let own = setting == "tls.certificate";
        let read = fs::read(&file).map_err(|error| error.to_string());
        let found = read.and_then(|pem| {
            let found = if own { chain_in(&pem) } else { certificates_in(&pem) };
            found.map_err(|error| error.to_string())
        });
        match found {
            Ok(found) => {
                let place = format!("{setting} {}", file.display());
                report.tell_all(found.iter().map(|facts| judged(&place, facts, now)))?;
            }
            Err(why) => {
                let says = format!("{setting} {}: {why}", file.display());
                report.tell(&Check::bad(
                    "certificate",
                    says,
                    "put the certificate into it, in PEM form, each signed by the next",
                ))?;
            }
        }
    }
    Ok(())
}

/// How long a certificate is good.
pub(super) fn judged(place: &str, facts: &CertificateFacts, now: DateTime<Utc>) -> Check {
    let days = (facts.not_after - now).num_days();
    let signer = if facts.own { "itself".to_owned() } else { facts.issuer.clone() };
    let says = |state: &str| format!("{place}: {}, signed by {signer}, {state}", facts.subject);
    let end = facts.not_after.date_naive();
    let next = "get a new one and put it into its file; it is read again without a restart";
    let state = if facts.not_after <= now || facts.not_before > now || days < HIGH_TIME {
        State::Bad
    } else if days < SOON {
        State::Warning
    } else {
        State::Good
    };
    let words = if facts.not_after <= now {
        format!("ended {end}, {} days ago", -days)
    } else if facts.not_before > now {
        format!("is not good before {}", facts.not_before)
    } else {
        format!("ends {end}, in {days} days")
    };
    match state {
        State::Good => Check::good("certificate", says(&words)),
        State::Warning => Check::warning("certificate", says(&words), next),
        State::Bad => Check::bad("certificate", says(&words), next),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn check(days: i64, expected: State) {
        let now = Utc::now();
        let facts = CertificateFacts {
            subject: "gate".to_owned(),
            issuer: "Authority".to_owned(),
            not_before: now - TimeDelta::days(100),
            not_after: now + TimeDelta::days(days) + TimeDelta::hours(1),
            own: false,
        };
        assert_eq!(judged("x", &facts, now).state, expected, "{days}");
    }

    #[test]
    fn the_end_is_told_in_time() {
        check(61, State::Good);
        check(59, State::Warning);
        check(8, State::Warning);
        check(6, State::Bad);
        check(-2, State::Bad);
    }
}
