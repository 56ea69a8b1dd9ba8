//! What was found in a document, for people, as compilers show it.

use std::io::Write;

use crate::cli::excerpt::Excerpt;
use crate::cli::excerpt::excerpts;
use crate::cli::source::Source;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Severity;
use crate::formats::Defect;
use crate::formats::Place;
use crate::reconcile::Checked;

/// Objects shown of one finding.
const MOST_OBJECTS: usize = 5;

/// Prints each finding with the line where it is, and a verdict.
pub(super) fn print(source: &Source, checked: &Checked) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let place = |finding: &Finding| checked.places.of(finding.event);
    let places =
        checked.defects.iter().map(|defect| defect.place).chain(checked.findings().iter().map(place));
    let lines = excerpts(source.input()?.as_mut(), &places.collect::<Vec<_>>())?;
    let (of_form, of_rules) = lines.split_at_checked(checked.defects.len()).unwrap_or((&lines, &[]));
    for (defect, line) in checked.defects.iter().zip(of_form) {
        print_defect(&mut out, &checked.name, defect, line.as_ref())?;
    }
    for (finding, line) in checked.findings().iter().zip(of_rules) {
        print_finding(&mut out, &checked.name, (finding, place(finding)), line.as_ref())?;
    }
    let (errors, warnings) = checked.counts;
    let left_out = checked.guideline.as_ref().map_or(0, |report| report.left_out);
    let more = (errors + warnings).saturating_sub(checked.defects.len() as u64) + left_out;
    if more > 0 {
        writeln!(out, "… and {more} more")?;
    }
    writeln!(out, "{}", verdict(checked))?;
    Ok(())
}

fn print_defect(
    out: &mut dyn Write,
    file: &str,
    defect: &Defect,
    line: Option<&Excerpt>,
) -> std::io::Result<()> {
    let fault = &defect.fault;
    writeln!(out, "{}[{}]: {}", fault.severity.as_str(), fault.rule, fault.message)?;
    let margin = print_place(out, file, defect.place, line)?;
    if !defect.path.is_empty() {
        writeln!(out, "{:margin$} = at: {}", "", defect.path)?;
    }
    if !fault.fix.is_empty() {
        writeln!(out, "{:margin$} = help: {}", "", fault.fix)?;
    }
    writeln!(out)
}

fn print_finding(
    out: &mut dyn Write,
    file: &str,
    (finding, place): (&Finding, Place),
    line: Option<&Excerpt>,
) -> std::io::Result<()> {
    let rule = finding.rule;
    writeln!(out, "{}[{}]: {}", finding.severity.as_str(), rule.id, finding.message)?;
    let margin = print_place(out, file, place, line)?;
    for object in finding.objects.iter().take(MOST_OBJECTS) {
        writeln!(out, "{:margin$} = concerns: {object}", "")?;
    }
    if finding.objects.len() > MOST_OBJECTS {
        writeln!(out, "{:margin$} = concerns: {} more", "", finding.objects.len() - MOST_OBJECTS)?;
    }
    writeln!(out, "{:margin$} = why: {}", "", rule.why)?;
    writeln!(out, "{:margin$} = by: {}", "", rule.clause)?;
    let who = match rule.mender {
        Mender::Sender => "the sender mends it: ",
        Mender::Receiver => "you mend it: ",
        Mender::Nobody => "",
    };
    writeln!(out, "{:margin$} = help: {who}{}", "", rule.fix)?;
    writeln!(out)
}

/// Shows where it is; gives the width of the margin.
fn print_place(
    out: &mut dyn Write,
    file: &str,
    place: Place,
    line: Option<&Excerpt>,
) -> std::io::Result<usize> {
    let Place { line: number, column } = place;
    let margin = number.to_string().len();
    if number == 0 {
        writeln!(out, "{:margin$}--> {file}", "")?;
    } else {
        writeln!(out, "{:margin$}--> {file}:{number}:{column}", "")?;
    }
    if let Some(excerpt) = line {
        writeln!(out, "{:margin$} |", "")?;
        writeln!(out, "{number} | {}", excerpt.text)?;
        writeln!(out, "{:margin$} | {:before$}^", "", "", before = excerpt.before)?;
    }
    Ok(margin)
}

fn verdict(checked: &Checked) -> String {
    let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = checked.counts;
    let verdict = match checked.findings().iter().map(|finding| finding.severity).max() {
        _ if errors > 0 => "refused",
        Some(Severity::Hard) => "refused",
        Some(Severity::Business) => "held",
        _ => "accepted",
    };
    let mut text = format!(
        "{}: {verdict}, {}, {}, {}",
        checked.name,
        plural(checked.events, "event"),
        plural(errors, "error"),
        plural(warnings, "warning")
    );
    let Some(report) = &checked.guideline else { return text };
    match report.concerned {
        Some(why) => {
            let counts =
                Severity::ALL.map(|severity| format!("{} {}", checked.count(severity), severity.as_str()));
            text += &format!(
                "\n  judged by DSCSA ({why}), GS1 US guideline {} ({}): {}",
                report.release,
                report.release_by,
                counts.join(", ")
            );
        }
        None => {
            text += "\n  judged by its form alone: nothing in it is of DSCSA (--profile dscsa judges it all the same)"
        }
    }
    text
}
