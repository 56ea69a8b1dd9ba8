//! Invitations of partners: of each token only a digest is kept; what is tried with one is counted before it is read.

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::Insertable;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::Queryable;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::access::Invitation;
use crate::access::InvitationRefusal;
use crate::access::InvitationToken;
use crate::access::Quota;
use crate::access::Revocation;
use crate::dscsa::AuditEntry;
use crate::dscsa::Decision;
use crate::dscsa::PartnerState;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::partner_states;
use crate::store::schema::partner_invitations;
use crate::store::sight;

/// Invitations of one partner that are listed.
const MOST_LISTED: i64 = 1_000;

/// The right to try one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// With which invitation.
    pub invitation: Invitation,
    /// Bytes that the file may have.
    pub room: u64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = partner_invitations, treat_none_as_default_value = false)]
struct Row {
    id: String,
    partner: String,
    digest: Vec<u8>,
    made_at: i64,
    made_by: String,
    expires_at: i64,
    revoked_at: Option<i64>,
    revoked_by: String,
    revoked_why: String,
    most_uploads: i64,
    most_bytes: i64,
    uploads: i64,
    bytes: i64,
}

impl Store {
    /// Keeps an invitation. A partner about which nobody has decided, and of which no file was captured, is being tested from
    /// now on.
    pub fn add_invitation(
        &self,
        caller: &Caller,
        invitation: &Invitation,
        token: &InvitationToken,
    ) -> Result<(), StoreError> {
        sight::house(caller)?;
        let decision = Decision {
            who: invitation.made_by.clone(),
            when: invitation.made_at,
            why: "invited to try its files".to_owned(),
        };
        let detail = json!({
            "invitation": invitation.id,
            "expires": invitation.expires.to_rfc3339(),
            "uploads": invitation.most.uploads,
            "bytes": invitation.most.bytes,
        });
        let entry = entry(invitation, "partners.invited", (&decision.who, decision.when), &detail);
        self.write(|connection| {
            diesel::insert_into(partner_invitations::table)
                .values(Row::of(invitation, token))
                .execute(connection)?;
            audit::append(connection, std::slice::from_ref(&entry))?;
            if !partner_states::is_of_before(connection, &invitation.partner)? {
                partner_states::set(connection, &invitation.partner, PartnerState::Testing, &decision)?;
            }
            Ok(())
        })
    }

    /// Invitations of a partner, the newest first.
    pub fn invitations(&self, caller: &Caller, partner: &str) -> Result<Vec<Invitation>, StoreError> {
        sight::house(caller)?;
        self.read(|connection| {
            let rows: Vec<Row> = partner_invitations::table
                .filter(partner_invitations::partner.eq(partner))
                .order(partner_invitations::id.desc())
                .limit(MOST_LISTED)
                .load(connection)?;
            rows.into_iter().map(Row::invitation).collect()
        })
    }

    /// The invitation whose token this is.
    pub fn invitation(&self, token: &InvitationToken) -> Result<Option<Invitation>, StoreError> {
        self.read(|connection| find(connection, token))
    }

    /// Takes an invitation of a partner back; one that was taken back stays as it is. `None` where there is no such one.
    pub fn revoke_invitation(
        &self,
        caller: &Caller,
        (partner, id): (&str, &str),
        revoked: &Revocation,
    ) -> Result<Option<Invitation>, StoreError> {
        sight::house(caller)?;
        self.write(|connection| {
            let changed = diesel::update(partner_invitations::table.find(id))
                .filter(partner_invitations::partner.eq(partner))
                .filter(partner_invitations::revoked_at.is_null())
                .set((
                    partner_invitations::revoked_at.eq(Some(revoked.at.timestamp_micros())),
                    partner_invitations::revoked_by.eq(&revoked.by),
                    partner_invitations::revoked_why.eq(&revoked.why),
                ))
                .execute(connection)?;
            let row: Option<Row> = partner_invitations::table
                .find(id)
                .filter(partner_invitations::partner.eq(partner))
                .first(connection)
                .optional()?;
            let Some(invitation) = row.map(Row::invitation).transpose()? else { return Ok(None) };
            if changed > 0 {
                let detail = json!({ "invitation": id, "why": revoked.why });
                let who = (&*revoked.by, revoked.at);
                audit::append(
                    connection,
                    &[entry(&invitation, "partners.invitation-revoked", who, &detail)],
                )?;
            }
            Ok(Some(invitation))
        })
    }

    /// Counts one more file, of no more than `most` bytes, as tried with an invitation before any of it is read, so that files
    /// sent at one time share what is left.
    pub fn begin_upload(
        &self,
        token: &InvitationToken,
        most: u64,
        now: DateTime<Utc>,
    ) -> Result<Result<Upload, InvitationRefusal>, StoreError> {
        self.write(|connection| {
            // Holds the row, so that uploads of one invitation follow each other.
            let row = partner_invitations::digest.eq(token.digest().to_vec());
            diesel::update(partner_invitations::table)
                .filter(row)
                .set(partner_invitations::uploads.eq(partner_invitations::uploads))
                .execute(connection)?;
            let Some(invitation) = find(connection, token)? else {
                return Ok(Err(InvitationRefusal::Unknown));
            };
            let room = match invitation.room(most, now) {
                Ok(room) => room,
                Err(refusal) => return Ok(Err(refusal)),
            };
            count(connection, &invitation.id, 1, small(room))?;
            Ok(Ok(Upload { invitation, room }))
        })
    }

    /// Gives back what a file did not need of its room.
    pub fn end_upload(&self, upload: &Upload, bytes: u64) -> Result<(), StoreError> {
        let unused = small(upload.room.saturating_sub(bytes));
        self.write(|connection| count(connection, &upload.invitation.id, 0, -unused))
    }
}

fn count(connection: &mut AnyConnection, id: &str, uploads: i64, bytes: i64) -> Result<(), StoreError> {
    diesel::update(partner_invitations::table.find(id))
        .set((
            partner_invitations::uploads.eq(partner_invitations::uploads + uploads),
            partner_invitations::bytes.eq(partner_invitations::bytes + bytes),
        ))
        .execute(connection)?;
    Ok(())
}

fn find(connection: &mut AnyConnection, token: &InvitationToken) -> Result<Option<Invitation>, StoreError> {
    let row: Option<Row> = partner_invitations::table
        .filter(partner_invitations::digest.eq(token.digest().to_vec()))
        .first(connection)
        .optional()?;
    row.map(Row::invitation).transpose()
}

fn entry(
    invitation: &Invitation,
    act: &str,
    (who, when): (&str, DateTime<Utc>),
    detail: &serde_json::Value,
) -> AuditEntry {
    AuditEntry {
        at: when,
        actor: who.to_owned(),
        act: act.to_owned(),
        object: invitation.partner.clone(),
        outcome: "done".to_owned(),
        detail: detail.to_string(),
        ..AuditEntry::default()
    }
}

fn small(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Row {
    fn of(invitation: &Invitation, token: &InvitationToken) -> Row {
        let revoked = invitation.revoked.as_ref();
        Row {
            id: invitation.id.clone(),
            partner: invitation.partner.clone(),
            digest: token.digest().to_vec(),
            made_at: invitation.made_at.timestamp_micros(),
            made_by: invitation.made_by.clone(),
            expires_at: invitation.expires.timestamp_micros(),
            revoked_at: revoked.map(|revoked| revoked.at.timestamp_micros()),
            revoked_by: revoked.map(|revoked| revoked.by.clone()).unwrap_or_default(),
            revoked_why: revoked.map(|revoked| revoked.why.clone()).unwrap_or_default(),
            most_uploads: small(invitation.most.uploads),
            most_bytes: small(invitation.most.bytes),
            uploads: small(invitation.used.uploads),
            bytes: small(invitation.used.bytes),
        }
    }

    fn invitation(self) -> Result<Invitation, StoreError> {
        let time = |micros: i64| {
            let damaged = || StoreError::Damaged(format!("invitation {}", self.id));
            DateTime::from_timestamp_micros(micros).ok_or_else(damaged)
        };
        let large = |number: i64| u64::try_from(number).unwrap_or(0);
        let (made_at, expires) = (time(self.made_at)?, time(self.expires_at)?);
        let revoked_at = self.revoked_at.map(time).transpose()?;
        Ok(Invitation {
            made_at,
            made_by: self.made_by,
            expires,
            revoked: revoked_at.map(|at| Revocation { at, by: self.revoked_by, why: self.revoked_why }),
            most: Quota { uploads: large(self.most_uploads), bytes: large(self.most_bytes) },
            used: Quota { uploads: large(self.uploads), bytes: large(self.bytes) },
            id: self.id,
            partner: self.partner,
        })
    }
}
