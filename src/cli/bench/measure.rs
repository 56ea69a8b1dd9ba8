//! Timing: CPU time of the process, medians, ratios against a baseline of the same run.

use std::time::Duration;
use std::time::Instant;

use cpu_time::ProcessTime;
use serde::Serialize;

/// One line of the result.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    /// What was measured.
    pub(super) name: String,
    /// Median rate.
    pub(super) rate: f64,
    /// Unit of the rate.
    pub(super) unit: String,
    /// Median of the ratios to the baseline, round by round.
    pub(super) ratio: Option<f64>,
    /// The ratio we promise.
    pub(super) goal: Option<f64>,
}

impl Figure {
    /// A rate alone: so much work, done once in each time.
    pub(super) fn rate(name: &str, work: f64, unit: &str, times: &[Duration]) -> Figure {
        let rates: Vec<f64> = times.iter().map(|time| work / time.as_secs_f64()).collect();
        Figure { name: name.into(), rate: median(rates), unit: format!("{unit}/s"), ratio: None, goal: None }
    }

    /// A rate beside that of a baseline over the same work.
    pub(super) fn against(
        name: &str,
        work: (f64, &str),
        times: &[Duration],
        baseline: &[Duration],
        goal: f64,
    ) -> Figure {
        let ratios = times.iter().zip(baseline).map(|(time, base)| base.as_secs_f64() / time.as_secs_f64());
        let ratio = Some(median(ratios.collect()));
        Figure { ratio, goal: Some(goal), ..Figure::rate(name, work.0, work.1, times) }
    }
}

/// CPU time, user and system, that the whole process spends in a piece of work.
pub(super) fn cpu(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let began = ProcessTime::try_now()?;
    work()?;
    Ok(began.try_elapsed()?)
}

/// Wall time of a piece of work.
pub(super) fn wall(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

/// The value in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Peak resident memory of the process in bytes, where the system tells it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}
