//! Inviting a partner to try its files, and letting it go live.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use crate::access::Caller;
use crate::access::Invitation;
use crate::access::InvitationRefusal;
use crate::access::InvitationToken;
use crate::access::Quota;
use crate::access::Sight;
use crate::dscsa::Decision;
use crate::dscsa::GlnUse;
use crate::dscsa::PartnerGln;
use crate::dscsa::PartnerState;
use crate::dscsa::TradingPartner;
use crate::formats::invitations::InvitationForm;
use crate::formats::invitations::moment;
use crate::gs1::Gln;
use crate::onboard::OnboardError;
use crate::onboard::Settings;
use crate::reconcile::receipt;
use crate::store::Store;

/// The longest that an invitation is good for, in days.
const MOST_DAYS: u32 = 366;

/// What an invitation is asked for with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inviting {
    /// The partner's id, or one of its GLNs. A GLN that nobody has becomes a new partner.
    pub partner: String,
    /// Its name, where it is new.
    pub name: Option<String>,
    /// Days until it expires; those of the settings where nothing is said.
    pub days: Option<u32>,
    /// Test files that may be tried.
    pub uploads: Option<u64>,
    /// Bytes that may be tried.
    pub bytes: Option<u64>,
    /// Who invites.
    pub by: String,
}

/// An invitation that was made.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Its token, which is shown once.
    pub token: InvitationToken,
}

impl Invited {
    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/invite/{}", self.token.reveal())
    }
}

/// An invitation as shown at this moment; with its link where it was just made.
pub fn shown(invitation: &Invitation, link: Option<String>, now: DateTime<Utc>) -> InvitationForm {
    let state = match invitation.room(1, now) {
        Ok(_) => "good",
        Err(InvitationRefusal::Expired) => "expired",
        Err(InvitationRefusal::Revoked | InvitationRefusal::Unknown) => "revoked",
        Err(InvitationRefusal::Uploads | InvitationRefusal::Bytes) => "used-up",
    };
    InvitationForm {
        id: invitation.id.clone(),
        partner: invitation.partner.clone(),
        link,
        state: state.to_owned(),
        made_at: moment(invitation.made_at),
        made_by: invitation.made_by.clone(),
        expires: moment(invitation.expires),
        uploads: invitation.used.uploads,
        most_uploads: invitation.most.uploads,
        bytes: invitation.used.bytes,
        most_bytes: invitation.most.bytes,
    }
}

/// The partner of this id, or with this GLN; one that a caller is not, and may not look at, is as if it were not there.
pub fn find(store: &Store, caller: &Caller, asked: &str) -> Result<TradingPartner, OnboardError> {
    let mut found = store.partner(caller, asked)?;
    if let (None, Ok(gln)) = (&found, Gln::parse(asked)) {
        found = store.partner_with_gln(caller, gln)?;
    }
    let seen = |partner: &TradingPartner| match caller.sight() {
        Sight::Parties(glns) => glns.iter().any(|gln| partner.has_gln(*gln)),
        Sight::Everything | Sight::Nothing => true,
    };
    found.filter(seen).ok_or_else(|| OnboardError::NoPartner(asked.to_owned()))
}

/// Invites a partner; one of which nothing was captured yet is being tested from then on.
///
/// Fails where it is named by something else than an id that is known or a GLN, or where it shall be good for too long.
pub fn invite(
    store: &Store,
    caller: &Caller,
    asked: &Inviting,
    settings: &Settings,
    (random, now): (&[u8; InvitationToken::RANDOM], DateTime<Utc>),
) -> Result<Invited, OnboardError> {
    let days = asked.days.unwrap_or(settings.invitation_days);
    if days == 0 || days > MOST_DAYS {
        return Err(OnboardError::Invalid(format!("an invitation is good for 1 to {MOST_DAYS} days")));
    }
    let most = Quota {
        uploads: asked.uploads.unwrap_or(settings.invitation_uploads),
        bytes: asked.bytes.unwrap_or(settings.invitation_bytes),
    };
    if most.uploads == 0 || most.bytes == 0 {
        let text = "an invitation with no files or no bytes is good for nothing; allow one at least";
        return Err(OnboardError::Invalid(text.to_owned()));
    }
    let partner = match find(store, caller, &asked.partner) {
        Err(OnboardError::NoPartner(_)) => added(store, caller, asked, now)?,
        found => found?,
    };
    let invitation = Invitation {
        id: uuid::Uuid::now_v7().to_string(),
        partner: partner.id.to_string(),
        made_at: now,
        made_by: asked.by.clone(),
        expires: now + TimeDelta::days(i64::from(days)),
        revoked: None,
        most,
        used: Quota::default(),
    };
    let token = InvitationToken::new(random);
    store.add_invitation(caller, &invitation, &token)?;
    Ok(Invited { invitation, token })
}

/// A partner of which no more is known than a GLN, and perhaps its name.
fn added(
    store: &Store,
    caller: &Caller,
    asked: &Inviting,
    now: DateTime<Utc>,
) -> Result<TradingPartner, OnboardError> {
    let gln = Gln::parse(&asked.partner).map_err(|fault| {
        OnboardError::Invalid(format!(
            "{:?} is no partner that is known, and as a GLN it {fault}; give the 13 digits of its GLN",
            asked.partner
        ))
    })?;
    let partner = TradingPartner {
        id: gln.as_str().into(),
        name: asked.name.as_deref().unwrap_or_default().trim().into(),
        glns: vec![PartnerGln { gln, sent: gln.as_str().into(), role: GlnUse::Owner }],
        ..TradingPartner::default()
    };
    store.put_partners(caller, std::slice::from_ref(&partner), now)??;
    Ok(partner)
}

/// Lets a partner go live: from now on the goods that its files name are released, those that were put aside for the want of it
/// too. False where it was live.
pub fn go_live(
    store: &Store,
    caller: &Caller,
    partner: &str,
    decision: &Decision,
) -> Result<bool, OnboardError> {
    let changed = decide(store, caller, partner, (PartnerState::Live, decision))?;
    receipt::release_held(store, caller, decision.when).map_err(crate::reconcile::ReconcileError::from)?;
    Ok(changed)
}

/// Takes a partner back to where its files are judged and nothing in them is released. False where it was there.
pub fn pause(
    store: &Store,
    caller: &Caller,
    partner: &str,
    decision: &Decision,
) -> Result<bool, OnboardError> {
    decide(store, caller, partner, (PartnerState::Testing, decision))
}

fn decide(
    store: &Store,
    caller: &Caller,
    asked: &str,
    (state, decision): (PartnerState, &Decision),
) -> Result<bool, OnboardError> {
    let partner = find(store, caller, asked)?;
    let changed = store.set_partner_state(caller, &partner.id, state, decision)?;
    changed.ok_or_else(|| OnboardError::NoPartner(asked.to_owned()))
}
