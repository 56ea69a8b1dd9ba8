//! The scorecard of a partner, worked out from what the store has of it.

use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::TradingPartner;
use crate::formats::invitations::moment;
use crate::formats::partner_score::PartnerScore;
use crate::formats::partner_score::RuleScore;
use crate::formats::partner_score::WeekScore;
use crate::reconcile::rulebook;
use crate::store::PartnerTraffic;
use crate::store::SentShipment;
use crate::store::Store;
use crate::store::StoreError;

/// Most weeks looked back.
const MOST_WEEKS: u32 = 104;

/// How far behind the shipping data may come where the goods were not received yet.
const IN_TIME: TimeDelta = TimeDelta::hours(24);

/// The scorecard of a partner over so many weeks, this one included.
pub fn score(
    store: &Store,
    caller: &Caller,
    partner: &TradingPartner,
    (weeks, now): (u32, DateTime<Utc>),
) -> Result<PartnerScore, StoreError> {
    let weeks = weeks.clamp(1, MOST_WEEKS);
    let first = monday(now) - TimeDelta::weeks(i64::from(weeks) - 1);
    let since = first.and_time(NaiveTime::MIN).and_utc();
    let traffic = store.partner_traffic(caller, partner, since)?;
    Ok(worked_out(partner, &traffic, (first, weeks), now))
}

fn worked_out(
    partner: &TradingPartner,
    traffic: &PartnerTraffic,
    (first, weeks): (NaiveDate, u32),
    now: DateTime<Utc>,
) -> PartnerScore {
    let number = |count: usize| count as u64;
    let accepted = number(traffic.files.iter().filter(|file| file.accepted).count());
    let late = number(traffic.shipments.iter().filter(|shipment| is_late(shipment)).count());
    let (files, shipments) = (number(traffic.files.len()), number(traffic.shipments.len()));
    let mended: Vec<f64> = traffic
        .findings
        .iter()
        .filter_map(|finding| Some(hours(finding.until?.signed_duration_since(finding.from))))
        .collect();
    let mut rules: Vec<RuleScore> =
        traffic.rules.iter().map(|(rule, files)| rule_score(rule, *files)).collect();
    rules.sort_by(|one, other| (other.files, &one.rule).cmp(&(one.files, &other.rule)));
    PartnerScore {
        partner: partner.id.to_string(),
        name: partner.name.to_string(),
        since: first.to_string(),
        until: moment(now),
        files,
        accepted_first_time: accepted,
        accepted_percent: percent(accepted, files),
        shipments,
        late,
        late_percent: percent(late, shipments),
        median_hours: median(traffic),
        mended: number(mended.len()),
        unmended: number(traffic.findings.len() - mended.len()),
        mean_hours_to_mend: (!mended.is_empty())
            .then(|| rounded(mended.iter().sum::<f64>() / mended.len() as f64)),
        cases: number(traffic.cases.len()),
        open_cases: number(traffic.cases.iter().filter(|case| case.until.is_none()).count()),
        rules,
        weeks: by_week(traffic, first, weeks),
        truncated: traffic.truncated,
    }
}

fn by_week(traffic: &PartnerTraffic, first: NaiveDate, weeks: u32) -> Vec<WeekScore> {
    let mut all: Vec<WeekScore> = (0..i64::from(weeks))
        .map(|week| WeekScore {
            week: (first + TimeDelta::weeks(week)).to_string(),
            files: 0,
            accepted_first_time: 0,
            accepted_percent: None,
            late: 0,
        })
        .collect();
    let place = |at: DateTime<Utc>| {
        usize::try_from(at.date_naive().signed_duration_since(first).num_days().div_euclid(7)).ok()
    };
    for file in &traffic.files {
        if let Some(week) = place(file.at).and_then(|at| all.get_mut(at)) {
            week.files += 1;
            week.accepted_first_time += u64::from(file.accepted);
        }
    }
    for shipment in traffic.shipments.iter().filter(|shipment| is_late(shipment)) {
        if let Some(week) = place(shipment.told).and_then(|at| all.get_mut(at)) {
            week.late += 1;
        }
    }
    for week in &mut all {
        week.accepted_percent = percent(week.accepted_first_time, week.files);
    }
    all
}

/// Goods that were there before their data, or data that nobody had within a day.
fn is_late(shipment: &SentShipment) -> bool {
    match shipment.received {
        Some(received) => shipment.told > received,
        None => shipment.told > shipment.shipped + IN_TIME,
    }
}

fn median(traffic: &PartnerTraffic) -> Option<f64> {
    let told = |shipment: &SentShipment| hours(shipment.told.signed_duration_since(shipment.shipped));
    let mut all: Vec<f64> = traffic.shipments.iter().map(told).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().map(rounded)
}

fn rule_score(rule: &str, files: u64) -> RuleScore {
    let entry = rulebook::rule(rule);
    RuleScore {
        rule: rule.to_owned(),
        title: entry.map(|entry| entry.words().to_owned()).unwrap_or_default(),
        files,
        page: entry.map(|entry| entry.page()).unwrap_or_default(),
    }
}

fn monday(now: DateTime<Utc>) -> NaiveDate {
    let today = now.date_naive();
    today - TimeDelta::days(i64::from(today.weekday().num_days_from_monday()))
}

fn hours(time: TimeDelta) -> f64 {
    time.num_seconds() as f64 / 3_600.0
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 * 100.0 / whole as f64))
}

/// To one digit behind the point.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::SentFile;
    use crate::store::Span;

    fn hour(hour: i64) -> DateTime<Utc> {
        // A Wednesday, noon.
        DateTime::from_timestamp(1_795_608_000 + hour * 3_600, 0).unwrap()
    }

    fn scored(traffic: &PartnerTraffic) -> PartnerScore {
        let first = monday(hour(0)) - TimeDelta::weeks(1);
        worked_out(&TradingPartner::default(), traffic, (first, 2), hour(0))
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let score = scored(&PartnerTraffic::default());
        assert_eq!((score.accepted_percent, score.late_percent, score.median_hours), (None, None, None));
        assert_eq!(score.weeks.len(), 2);
    }

    #[test]
    fn shares_and_means_are_worked_out_by_week() {
        let file = |at, accepted| SentFile { at: hour(at), accepted };
        let shipment = |shipped, told, received: Option<i64>| SentShipment {
            shipped: hour(shipped),
            told: hour(told),
            received: received.map(hour),
        };
        let span = |from, until: Option<i64>| Span { from: hour(from), until: until.map(hour) };
        let score = scored(&PartnerTraffic {
            files: vec![file(-1, true), file(-2, false), file(-3, true), file(-7 * 24, false)],
            rules: BTreeMap::from([("statement-missing".to_owned(), 2), ("gone".to_owned(), 1)]),
            findings: vec![span(-30, Some(-20)), span(-30, Some(0)), span(-5, None)],
            shipments: vec![
                shipment(-40, -39, None),
                shipment(-40, -10, None),
                shipment(-40, -10, Some(-5)),
                shipment(-40, -38, Some(-39)),
            ],
            cases: vec![span(-3, None), span(-9, Some(-1))],
            truncated: false,
        });
        assert_eq!((score.files, score.accepted_first_time, score.accepted_percent), (4, 2, Some(50.0)));
        assert_eq!((score.shipments, score.late, score.median_hours), (4, 2, Some(30.0)));
        assert_eq!((score.mended, score.unmended, score.mean_hours_to_mend), (2, 1, Some(20.0)));
        assert_eq!((score.cases, score.open_cases), (2, 1));
        let rules: Vec<_> = score.rules.iter().map(|rule| (&*rule.rule, &*rule.page)).collect();
        assert_eq!(rules, [("statement-missing", "/rules/statement-missing"), ("gone", "")]);
        let weeks: Vec<_> = score.weeks.iter().map(|week| (week.files, week.accepted_percent)).collect();
        assert_eq!(weeks, [(1, Some(0.0)), (3, Some(66.7))]);
        assert_eq!(score.weeks[1].late, 2);
    }
}
