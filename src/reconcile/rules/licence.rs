//! Licences: who trades must be authorised on the day (21 U.S.C. 360eee-1(b)(3), (c)(3), (d)(3), (e)(3)).

use chrono::NaiveDate;

use crate::dscsa::Finding;
use crate::dscsa::Licence;
use crate::dscsa::Mender;
use crate::dscsa::Object;
use crate::dscsa::Rule;
use crate::dscsa::Severity;
use crate::dscsa::TradingPartner;
use crate::dscsa::WithoutLicence;

/// A partner without a valid licence.
pub static PARTNER_NOT_LICENSED: Rule = Rule {
    id: "partner-not-licensed",
    title: "trading partners have a valid licence on the day of shipment",
    severity: Severity::Warning,
    clause: "FD&C Act 582(b)(3), (c)(3), (d)(3), (e)(3): trading partners must be authorized",
    why: "Product may be bought from and sold to authorised trading partners alone; an inspector asks for the licence of \
          the day of the transaction.",
    mender: Mender::Receiver,
    fix: "send us your licence as it is valid now",
};

/// A party that is in no list of partners.
pub static PARTNER_UNKNOWN: Rule = Rule {
    id: "partner-unknown",
    title: "parties of a shipment are in the list of partners",
    severity: Severity::Warning,
    clause: "FD&C Act 582(b)(3), (c)(3), (d)(3), (e)(3): trading partners must be authorized",
    why: "Nobody has looked whether this party may trade; its GLN may also be mistyped, or be one of its places that was \
          not told to us.",
    mender: Mender::Receiver,
    fix: "tell us which of your GLNs you use, and send us your licence",
};

/// Looks whether the partner that has this GLN, as sent, was authorised on this day.
///
/// `unknown` is how bad it is that nobody of the list has the GLN: `None` where there is no list. What the partner's policy says
/// of these rules holds.
pub fn check(
    partner: Option<&TradingPartner>,
    gln: &str,
    day: NaiveDate,
    unknown: Option<Severity>,
) -> Option<Finding> {
    let party = Object::Party(gln.into());
    let Some(partner) = partner else {
        let message = format!("the party with GLN {gln} is in no list of partners");
        let finding = Finding { severity: unknown?, ..Finding::new(&PARTNER_UNKNOWN, message) };
        return Some(finding.about(party));
    };
    if partner.is_authorised_on(day) {
        return None;
    }
    let usual = match partner.policy.without_licence {
        WithoutLicence::Finding => PARTNER_NOT_LICENSED.severity,
        WithoutLicence::Block => Severity::Hard,
    };
    let severity = partner.policy.severity(&PARTNER_NOT_LICENSED, usual)?;
    let name = if partner.name.is_empty() { &partner.id } else { &partner.name };
    let message = format!("{name} (GLN {gln}) has no valid licence on {day}: {}", reason(partner, day));
    Some(Finding { severity, ..Finding::new(&PARTNER_NOT_LICENSED, message) }.about(party))
}

/// Why none is valid, by the licence nearest to being so.
fn reason(partner: &TradingPartner, day: NaiveDate) -> String {
    let named = |licence: &Licence| match licence.authority.is_empty() {
        true => format!("licence {}", licence.number),
        false => format!("licence {} of {}", licence.number, licence.authority),
    };
    let ended =
        partner.licences.iter().filter(|licence| licence.valid_until.is_some_and(|until| until < day));
    if let Some(last) = ended.max_by_key(|licence| licence.valid_until) {
        let until = last.valid_until.unwrap_or_default();
        return format!("{} ended on {until}", named(last));
    }
    let first = partner.licences.iter().min_by_key(|licence| licence.valid_from);
    match first.and_then(|licence| licence.valid_from.map(|from| (licence, from))) {
        Some((licence, from)) => format!("{} begins on {from}", named(licence)),
        None => "no licence of it is known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dscsa::Verdict;

    const GLN: &str = "9521101000016";

    fn licence(from: &str, until: &str) -> Licence {
        let day = |text: &str| Some(text.parse().unwrap());
        let (valid_from, valid_until) = (day(from), day(until));
        Licence { authority: "OH".into(), number: "7".into(), valid_from, valid_until, ..Licence::default() }
    }

    fn check(licences: &[Licence], expected: Option<&str>) {
        let licences = licences.to_vec();
        let partner = TradingPartner { name: "Brightwater".into(), licences, ..TradingPartner::default() };
        let found = super::check(Some(&partner), GLN, "2026-03-04".parse().unwrap(), None);
        let expected =
            expected.map(|why| format!("Brightwater (GLN {GLN}) has no valid licence on 2026-03-04: {why}"));
        assert_eq!(found.map(|finding| finding.message), expected);
    }

    #[test]
    fn a_partner_needs_a_licence_of_the_day() {
        check(&[licence("2026-01-01", "2026-12-31")], None);
        check(&[licence("2024-01-01", "2026-03-04")], None);
        check(&[licence("2024-01-01", "2026-03-03")], Some("licence 7 of OH ended on 2026-03-03"));
        check(&[licence("2026-03-05", "2027-03-03")], Some("licence 7 of OH begins on 2026-03-05"));
        check(&[], Some("no licence of it is known"));
    }

    #[test]
    fn the_policy_says_how_bad_it_is() {
        let mut partner = TradingPartner::default();
        let severity = |partner: Option<&TradingPartner>, unknown| {
            super::check(partner, GLN, "2026-03-04".parse().unwrap(), unknown).map(|finding| finding.severity)
        };
        assert_eq!(severity(Some(&partner), None), Some(Severity::Warning));
        partner.policy.without_licence = WithoutLicence::Block;
        assert_eq!(severity(Some(&partner), None), Some(Severity::Hard));
        partner.policy.rules.insert("partner-not-licensed".into(), Verdict::Off);
        assert_eq!(severity(Some(&partner), None), None);
        assert_eq!(severity(None, None), None);
        assert_eq!(severity(None, Some(Severity::Note)), Some(Severity::Note));
    }
}
