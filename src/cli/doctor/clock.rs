//! The clock: whether it goes forward, and how far it is from those of others.

use std::net::ToSocketAddrs;
use std::net::UdpSocket;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::runtime;
use crate::config::Settings;
use crate::store::Store;
use crate::transport::Call;
use crate::transport::Method;
use crate::transport::Outbound;

/// How long somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Partners refuse what is this far off (webhooks: 300 seconds).
const MOST_OFF: TimeDelta = TimeDelta::seconds(60);

/// A clock that is this far off deserves a look.
const OFF: TimeDelta = TimeDelta::seconds(2);

/// Seconds between the era of NTP (1900) and that of Unix.
const ERA: i64 = 2_208_988_800;

/// Tells how our clock is; others are asked where that is wished.
pub(super) fn checks(
    settings: &Settings,
    store: Option<&Store>,
    (ntp, date_of): (Option<&str>, Option<&str>),
    report: &mut Report,
) -> anyhow::Result<()> {
    report.tell(&steady())?;
    if let Some(store) = store {
        report.tell_all(behind(store.newest_act(&Caller::operator())?, Utc::now()))?;
    }
    if let Some(url) = date_of {
        report.tell(&compared(url, dated(url, settings)))?;
    }
    if let Some(host) = ntp {
        report.tell(&compared(host, served(host)))?;
    }
    Ok(())
}

/// Whether the clock of the day goes as fast as the one that never goes back.
fn steady() -> Check {
    let (began, day) = (Instant::now(), Utc::now());
    std::thread::sleep(Duration::from_millis(200));
    let (passed, days) = (began.elapsed(), Utc::now() - day);
    let drift = days - TimeDelta::from_std(passed).unwrap_or_default();
    if drift.abs() > TimeDelta::milliseconds(50) {
        let says = format!("it was set by {} ms while we looked", drift.num_milliseconds());
        return Check::warning("clock", says, "let the time service slew it rather than step it");
    }
    Check::good("clock", "it goes steadily")
}

/// Whether something was written down at a time that has not come yet.
fn behind(newest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Check> {
    let newest = newest.filter(|newest| *newest > now + OFF)?;
    let says = format!("the newest act was written down at {newest}, which has not come yet");
    Some(Check::bad(
        "clock",
        says,
        "the clock was set back: set it right, with a time service (systemd-timesyncd or chrony)",
    ))
}

fn compared(whom: &str, offset: anyhow::Result<(TimeDelta, TimeDelta)>) -> Check {
    let (offset, doubt) = match offset {
        Ok(found) => found,
        Err(error) => {
            return Check::warning(
                "clock",
                format!("{whom} does not tell the time: {error:#}"),
                "try another one",
            );
        }
    };
    let seconds = |time: TimeDelta| time.num_milliseconds() as f64 / 1_000.0;
    let says = format!("{:+.3} s off {whom}, give or take {:.3} s", seconds(offset), seconds(doubt));
    let next = "set it right, with a time service (systemd-timesyncd or chrony)";
    let off = offset.abs() - doubt;
    if off > MOST_OFF {
        Check::bad("clock", says, next)
    } else if off > OFF {
        Check::warning("clock", says, next)
    } else {
        Check::good("clock", says)
    }
}

/// How far we are from the Date of an answer, which has whole seconds, and how exactly that is known.
fn dated(url: &str, settings: &Settings) -> anyhow::Result<(TimeDelta, TimeDelta)> {
    let outbound = Outbound::new(&settings.outbound)?;
    let call = Call {
        method: Method::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        deadline: PATIENCE,
        most_bytes: 1 << 20,
    };
    let (began, sent) = (Instant::now(), Utc::now());
    let reply = runtime()?.block_on(outbound.send(call))?;
    let took = TimeDelta::from_std(began.elapsed())?;
    let date = reply.header("date").context("the answer has no Date")?;
    let theirs = DateTime::parse_from_rfc2822(date).with_context(|| format!("its Date is {date:?}"))?;
    // Half a second for what is cut off.
    let middle = sent + took / 2 - TimeDelta::milliseconds(500);
    Ok((middle - theirs.to_utc(), took / 2 + TimeDelta::milliseconds(500)))
}

/// How far we are from a time server (RFC 4330), and how exactly that is known.
fn served(host: &str) -> anyhow::Result<(TimeDelta, TimeDelta)> {
    let place = if host.contains(':') { host.to_owned() } else { format!("{host}:123") };
    let address = place.to_socket_addrs()?.next().context("it has no address")?;
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(address)?;
    let mut question = [0_u8; 48];
    // No leap second, version 4, client.
    question[0] = 0b00_100_011;
    let (began, sent) = (Instant::now(), Utc::now());
    socket.send(&question)?;
    let mut answer = [0_u8; 48];
    let length = socket.recv(&mut answer)?;
    let took = TimeDelta::from_std(began.elapsed())?;
    if length < answer.len() || answer[1] == 0 {
        bail!("what it says is no time");
    }
    let (received, transmitted) = (stamp(&answer, 32)?, stamp(&answer, 40)?);
    let middle = received + (transmitted - received) / 2;
    Ok((sent + took / 2 - middle, took / 2))
}

/// A time in 64 bits: seconds since 1900, and parts of one.
fn stamp(answer: &[u8], at: usize) -> anyhow::Result<DateTime<Utc>> {
    let bytes = answer.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    let number = u64::from_be_bytes(bytes.context("it is too short")?);
    let (seconds, parts) = (i64::try_from(number >> 32)?, number & 0xffff_ffff);
    let nanos = u32::try_from((parts * 1_000_000_000) >> 32)?;
    DateTime::from_timestamp(seconds - ERA, nanos).context("it is no time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_server_is_understood() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let answering = std::thread::spawn(move || {
            let mut question = [0; 48];
            let (_, who) = server.recv_from(&mut question).unwrap();
            let mut answer = [0_u8; 48];
            answer[1] = 2;
            let late = u64::try_from(Utc::now().timestamp() + ERA - 100).unwrap() << 32;
            answer[32..40].copy_from_slice(&late.to_be_bytes());
            answer[40..48].copy_from_slice(&late.to_be_bytes());
            server.send_to(&answer, who).unwrap();
        });
        let (offset, doubt) = served(&format!("127.0.0.1:{port}")).unwrap();
        answering.join().unwrap();
        assert!((99..=102).contains(&offset.num_seconds()), "{offset} {doubt}");
        assert_eq!(compared("it", Ok((offset, doubt))).state.as_str(), "bad");
    }

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        let now = Utc::now();
        assert!(behind(Some(now - TimeDelta::hours(1)), now).is_none());
        assert!(behind(Some(now + TimeDelta::hours(1)), now).is_some());
        assert!(behind(None, now).is_none());
    }
}
