//! Partners: whether those who answer verifications do, as the directory has them.

use chrono::Utc;

use crate::access::Caller;
use crate::cli::doctor::Check;
use crate::cli::doctor::Report;
use crate::cli::doctor::runtime;
use crate::cli::verifier;
use crate::config::Settings;
use crate::store::DirectoryFilter;
use crate::store::Store;

/// Records of the directory fetched at one time.
const PAGE: i64 = 500;

/// Records that do not answer and are told one by one.
const MOST_TOLD: usize = 20;

/// Tries every record of the directory, or tells how each was when it was last tried.
pub(super) fn checks(
    settings: &Settings,
    store: &Store,
    offline: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    if !offline {
        let verifier = verifier::open(settings, store)?;
        runtime()?.block_on(verifier.probe(Utc::now()))?;
    }
    let (mut sound, mut unsound) = (0_u64, Vec::new());
    let mut after: Option<String> = None;
    loop {
        let page =
            store.directory(&Caller::operator(), &DirectoryFilter::default(), after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.record.id());
        for entry in &page {
            match &entry.health {
                Some(health) if !health.probe.sound => {
                    let name = entry.record.id();
                    let failed = health.failures;
                    unsound.push(format!(
                        "{name}: {} (tried {}, failed {failed} times in a row)",
                        health.probe.said, health.probe.at
                    ));
                }
                Some(_) => sound += 1,
                None => {}
            }
        }
    }
    let more = unsound.len().saturating_sub(MOST_TOLD);
    for says in unsound.into_iter().take(MOST_TOLD) {
        report.tell(&Check::warning(
            "partner",
            says,
            "ask the partner, or mend its record: epcgate directory check",
        ))?;
    }
    if more > 0 {
        report.tell(&Check::warning(
            "partner",
            format!("{more} more do not answer"),
            "epcgate directory check lists them",
        ))?;
    }
    report.tell(&Check::good("partner", format!("{sound} records of the directory answer")))
}
