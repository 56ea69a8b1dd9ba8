//! Reports and scorecards in plain text.

use std::fmt::Write;

use crate::formats::partner_score::PartnerScore;
use crate::formats::trial_report::TrialReport;

/// Rules that are told of what to mend.
const MOST_MEND: usize = 10;

/// A report on a test file, for a terminal or a mail.
pub fn report(report: &TrialReport) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = written(&mut out, report);
    out
}

fn written(out: &mut String, report: &TrialReport) -> std::fmt::Result {
    let name = if report.name.is_empty() { "your file" } else { &report.name };
    writeln!(out, "Grade {}: {}", report.grade, report.verdict)?;
    let release = if report.release.is_empty() {
        String::new()
    } else {
        format!(", GS1 US guideline {}", report.release)
    };
    writeln!(out, "{name}: {}{release}, {} events, {} bytes", report.form, report.events, report.bytes)?;
    let counts = &report.counts;
    writeln!(
        out,
        "{} errors of form, {} hard, {} business, {} warnings, {} notes",
        counts.error, counts.hard, counts.business, counts.warning, counts.note
    )?;
    writeln!(out, "\nOn arrival:")?;
    for words in &report.arrival {
        writeln!(out, "  {words}")?;
    }
    if !report.mend.is_empty() {
        writeln!(out, "\nMend first:")?;
    }
    for (number, mend) in report.mend.iter().take(MOST_MEND).enumerate() {
        let times = if mend.times == 1 { "once".to_owned() } else { format!("{} times", mend.times) };
        writeln!(out, "  {}. {}[{}] {} ({times})", number + 1, mend.severity, mend.rule, mend.title)?;
        writeln!(out, "     {}", mend.fix)?;
    }
    if !report.findings.is_empty() {
        writeln!(out, "\nFindings:")?;
    }
    for finding in &report.findings {
        writeln!(out, "  {}[{}]: {}", finding.severity, finding.rule, finding.message)?;
        let path = if finding.path.is_empty() { String::new() } else { format!(", {}", finding.path) };
        writeln!(out, "     {}{path}", finding.place())?;
        writeln!(out, "     {}", finding.fix)?;
    }
    if report.left_out > 0 {
        writeln!(out, "  and {} more", report.left_out)?;
    }
    Ok(())
}

/// A scorecard, for a terminal.
pub fn score(score: &PartnerScore) -> String {
    let mut out = String::new();
    let _ = scored(&mut out, score);
    out
}

fn scored(out: &mut String, score: &PartnerScore) -> std::fmt::Result {
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
    let hours = |hours: Option<f64>| hours.map_or_else(|| "-".to_owned(), |hours| format!("{hours} h"));
    writeln!(out, "{} {} since {}", score.partner, score.name, score.since)?;
    writeln!(
        out,
        "accepted first time  {} of {} files ({})",
        score.accepted_first_time,
        score.files,
        percent(score.accepted_percent)
    )?;
    writeln!(
        out,
        "late data            {} of {} shipments ({}), median {} from shipping to data",
        score.late,
        score.shipments,
        percent(score.late_percent),
        hours(score.median_hours)
    )?;
    writeln!(
        out,
        "mended               {} findings in {} on average, {} stand",
        score.mended,
        hours(score.mean_hours_to_mend),
        score.unmended
    )?;
    writeln!(out, "cases                {}, {} open", score.cases, score.open_cases)?;
    if score.truncated {
        writeln!(out, "Only the newest files are looked at, as there are too many.")?;
    }
    for rule in &score.rules {
        writeln!(out, "  {:4} files  {}  {}", rule.files, rule.rule, rule.title)?;
    }
    for week in &score.weeks {
        let share = percent(week.accepted_percent);
        writeln!(out, "  {}  {:4} files  {share:>6}  {} late", week.week, week.files, week.late)?;
    }
    Ok(())
}
