//! Queues: how long things wait to be done.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::store::QueueAge;
use crate::store::Store;

/// Tells how long the oldest of each queue waits.
pub(super) fn checks(store: &Store, now: DateTime<Utc>, report: &mut Report) -> anyhow::Result<()> {
    for queue in store.queues(&Caller::operator(), now)? {
        report.tell(&judged(&queue, now))?;
    }
    Ok(())
}

fn judged(queue: &QueueAge, now: DateTime<Utc>) -> Check {
    let QueueAge { name, waiting, oldest, limit_hours, next } = queue;
    let Some(oldest) = oldest.filter(|_| *waiting > 0) else {
        return Check::good("queue", format!("no {name}"));
    };
    let minutes = (now - oldest).num_minutes();
    let says = format!("{waiting} {name}, the oldest since {minutes} minutes");
    if now - oldest > TimeDelta::hours(*limit_hours) {
        Check::warning("queue", says, *next)
    } else {
        Check::good("queue", says)
    }
}
