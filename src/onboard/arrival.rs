//! What would happen to a file on arrival, in sentences.

use crate::dscsa::Acceptance;
use crate::dscsa::Finding;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::PartnerState;
use crate::dscsa::Severity;
use crate::formats::trial_report::TrialReport;
use crate::onboard::Bench;
use crate::reconcile::Checked;

/// The sentences, in the order of what happens.
pub(super) fn words(bench: &Bench<'_>, checked: &Checked, report: &TrialReport) -> Vec<String> {
    if checked.header.is_none() || report.counts.error > 0 {
        let why = match (checked.header.is_none(), report.counts.error) {
            (true, _) => "as it cannot be read to its end".to_owned(),
            (false, 1) => "for one error of form".to_owned(),
            (false, errors) => format!("for {errors} errors of form"),
        };
        return vec![
            format!("It would be refused whole, {why}: nothing of it would be taken."),
            "Once it is mended you could send it again; nothing would be counted twice.".to_owned(),
        ];
    }
    let mut words = vec![match report.events {
        0 => "It would be taken, but it has no events, so that nothing would come of it.".to_owned(),
        1 => "It would be taken, with its one event.".to_owned(),
        events => format!("It would be taken, with its {events} events."),
    }];
    if checked.guideline.as_ref().is_none_or(|report| report.concerned.is_none()) {
        let text = "It names no drug of the United States, so that it would be judged by its form alone.";
        words.push(text.to_owned());
    }
    let holding: Vec<&Finding> =
        checked.findings().iter().filter(|finding| finding.severity.holds()).collect();
    let whole = holding.iter().any(|finding| finding.severity == Severity::Hard && is_about_all(finding));
    words.push(match (holding.len(), bench.partner.policy.acceptance) {
        (0, _) => "No goods would be held for what is in it.".to_owned(),
        (_, Acceptance::HoldAll) => {
            "All goods in it would be put aside until it is mended, as was agreed with you.".to_owned()
        }
        _ if whole => {
            "All goods in it would be put aside: what is missing concerns the whole file.".to_owned()
        }
        _ => "The goods that the findings name would be put aside, and all others released.".to_owned(),
    });
    if holding.iter().any(|finding| finding.rule.mender == Mender::Sender) {
        words.push("A case would be opened, and you would be told what to mend.".to_owned());
    }
    if bench.standing.state == PartnerState::Testing {
        let text = "You are not live yet: until then files are judged, and nothing in them is released.";
        words.push(text.to_owned());
    }
    words.push(
        "What only other documents can show, such as a serial number that was commissioned twice, is looked at when it arrives."
            .to_owned(),
    );
    words
}

/// True for what names no goods in particular.
fn is_about_all(finding: &Finding) -> bool {
    let names = |object: &Object| matches!(object, Object::Epc(_) | Object::Lot(..) | Object::TradeItem(_));
    !finding.objects.iter().any(names)
}
