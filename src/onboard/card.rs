//! The card of a partner: its state, licences and certificates with their days left, and the last files.

use chrono::DateTime;
use chrono::Utc;

use crate::access::Caller;
use crate::dscsa::CertificatePurpose;
use crate::dscsa::Licence;
use crate::dscsa::PartnerCertificate;
use crate::dscsa::PartnerStanding;
use crate::dscsa::TradingPartner;
use crate::dscsa::days_covered;
use crate::formats::invitations::moment;
use crate::formats::partner_score::CertificateCard;
use crate::formats::partner_score::CoverCard;
use crate::formats::partner_score::LicenceCard;
use crate::formats::partner_score::PartnerCard;
use crate::formats::partner_score::TrialLine;
use crate::formats::partners::certificate as read;
use crate::store::LastFiles;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::TrialRecord;
use crate::transport::Channel;

/// Test files that a card shows.
const MOST_TESTS: i64 = 20;

/// Channels of a partner that are looked at.
const MOST_CHANNELS: i64 = 50;

/// What a card is made of.
#[derive(Clone, Debug)]
pub struct Card {
    /// The partner.
    pub partner: TradingPartner,
    /// Its state.
    pub standing: PartnerStanding,
    /// The certificates of its profile and those pinned in its AS2 channels.
    pub certificates: Vec<PartnerCertificate>,
    /// The last files.
    pub last: LastFiles,
    /// The last test files.
    pub tests: Vec<TrialRecord>,
}

/// Gathers the card of a partner.
pub fn card(store: &Store, caller: &Caller, partner: TradingPartner) -> Result<Card, StoreError> {
    Ok(Card {
        standing: store.partner_standing(caller, &partner.id)?,
        last: store.last_files(caller, &partner)?,
        tests: store.trials(caller, &partner.id, None, MOST_TESTS)?,
        certificates: certificates(store, caller, &partner)?,
        partner,
    })
}

/// The certificates of a partner's profile and those pinned in its AS2 channels, each once for each purpose.
fn certificates(
    store: &Store,
    caller: &Caller,
    partner: &TradingPartner,
) -> Result<Vec<PartnerCertificate>, StoreError> {
    let mut all = partner.certificates.clone();
    for record in store.channels(caller, Some(&partner.id), None, MOST_CHANNELS)? {
        let Channel::As2(settings) = record.channel.by else { continue };
        for pinned in &settings.certificates {
            let purposes: &[CertificatePurpose] = match pinned.signs_only {
                true => &[CertificatePurpose::Signature],
                false => &[CertificatePurpose::Signature, CertificatePurpose::Encryption],
            };
            // One that cannot be read is complained of by its channel.
            for one in purposes.iter().filter_map(|purpose| read(*purpose, &pinned.certificate).ok()) {
                let same = |known: &PartnerCertificate| {
                    (known.purpose, &known.fingerprint) == (one.purpose, &one.fingerprint)
                };
                if !all.iter().any(same) {
                    all.push(one);
                }
            }
        }
    }
    Ok(all)
}

impl Card {
    /// It as shown at this moment.
    pub fn form(&self, now: DateTime<Utc>) -> PartnerCard {
        let decision = self.standing.decision.as_ref();
        let partner = &self.partner;
        let today = now.date_naive();
        let covered = CertificatePurpose::ALL.into_iter().filter_map(|purpose| {
            let any = self.certificates.iter().any(|certificate| certificate.purpose == purpose);
            let days = days_covered(&self.certificates, purpose, now);
            any.then(|| CoverCard { purpose: purpose.as_str().to_owned(), days })
        });
        let licence = |licence: &Licence| LicenceCard {
            authority: licence.authority.to_string(),
            number: licence.number.to_string(),
            valid_until: licence.valid_until.map(|day| day.to_string()),
            days_left: licence.valid_until.map(|day| day.signed_duration_since(today).num_days()),
        };
        PartnerCard {
            partner: partner.id.to_string(),
            name: partner.name.to_string(),
            state: self.standing.state.as_str().to_owned(),
            since: decision.map(|decision| moment(decision.when)),
            by: decision.map(|decision| decision.who.clone()).unwrap_or_default(),
            why: decision.map(|decision| decision.why.clone()).unwrap_or_default(),
            authorised: partner.is_authorised_on(today),
            licences: partner.licences.iter().map(licence).collect(),
            certificates: self.certificates.iter().map(|one| described(one, now)).collect(),
            covered: covered.collect(),
            last_from: self.last.from.map(moment),
            last_to: self.last.to.map(moment),
            tests: self.tests.iter().map(TrialLine::from).collect(),
        }
    }
}

impl From<&TrialRecord> for TrialLine {
    fn from(trial: &TrialRecord) -> TrialLine {
        TrialLine {
            id: trial.id.clone(),
            at: moment(trial.at),
            name: trial.name.clone(),
            bytes: trial.bytes,
            form: trial.form.clone(),
            grade: trial.grade.clone(),
        }
    }
}

fn described(certificate: &PartnerCertificate, now: DateTime<Utc>) -> CertificateCard {
    CertificateCard {
        purpose: certificate.purpose.as_str().to_owned(),
        subject: certificate.subject.to_string(),
        fingerprint: certificate.fingerprint.to_string(),
        valid_from: moment(certificate.valid_from),
        valid_until: moment(certificate.valid_until),
        state: certificate.state(now).as_str().to_owned(),
        days_left: certificate.days_left(now),
    }
}
