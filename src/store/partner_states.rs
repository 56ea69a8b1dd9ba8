//! Whether partners are live, and who decided it; a change is written into the audit trail with it.

use chrono::DateTime;
use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use serde_json::json;

use crate::access::Caller;
use crate::dscsa::AuditEntry;
use crate::dscsa::Decision;
use crate::dscsa::PartnerStanding;
use crate::dscsa::PartnerState;
use crate::gs1::Gln;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::schema::documents;
use crate::store::schema::partner_identifiers;
use crate::store::schema::partner_states;
use crate::store::schema::partners;
use crate::store::sight;

type Row = (String, i64, String, String);

impl Store {
    /// The state of the partner of this id; one about which nobody decided is live.
    pub fn partner_standing(&self, _caller: &Caller, id: &str) -> Result<PartnerStanding, StoreError> {
        self.read(|connection| standing(connection, id))
    }

    /// The state of the partner that has this GLN; `None` where it is not listed.
    pub fn standing_with_gln(
        &self,
        _caller: &Caller,
        gln: Gln,
    ) -> Result<Option<PartnerStanding>, StoreError> {
        self.read(|connection| {
            let owner = partner_identifiers::table.find(("gln", gln.to_string()));
            let id: Option<String> =
                owner.select(partner_identifiers::partner).first(connection).optional()?;
            id.map(|id| standing(connection, &id)).transpose()
        })
    }

    /// Sets the state of a partner and writes it into the audit trail; false where it was that already, `None` where there is no
    /// such partner.
    pub fn set_partner_state(
        &self,
        caller: &Caller,
        id: &str,
        state: PartnerState,
        decision: &Decision,
    ) -> Result<Option<bool>, StoreError> {
        sight::house(caller)?;
        self.write(|connection| {
            let known: Option<String> =
                partners::table.find(id).select(partners::id).first(connection).optional()?;
            if known.is_none() {
                return Ok(None);
            }
            set(connection, id, state, decision).map(Some)
        })
    }
}

/// Sets the state, in the transaction of what it belongs to; false where it was that already.
pub(super) fn set(
    connection: &mut AnyConnection,
    id: &str,
    state: PartnerState,
    decision: &Decision,
) -> Result<bool, StoreError> {
    let before = standing(connection, id)?;
    if before.state == state && (before.decision.is_some() || state == PartnerState::Testing) {
        return Ok(false);
    }
    diesel::delete(partner_states::table.find(id)).execute(connection)?;
    let row = (
        partner_states::partner.eq(id),
        partner_states::state.eq(state.as_str()),
        partner_states::changed_at.eq(decision.when.timestamp_micros()),
        partner_states::changed_by.eq(&decision.who),
        partner_states::why.eq(&decision.why),
    );
    diesel::insert_into(partner_states::table).values(row).execute(connection)?;
    let act = format!("partners.{}", state.as_str());
    let entry = AuditEntry::done(decision.when, &decision.who, &act, id)
        .because(&decision.why)
        .before(json!({ "state": before.state.as_str() }))
        .after(json!({ "state": state.as_str() }));
    audit::append(connection, &[entry])?;
    Ok(true)
}

/// True where somebody decided about this partner, or a file of it was captured.
pub(super) fn is_of_before(connection: &mut AnyConnection, id: &str) -> Result<bool, StoreError> {
    if standing(connection, id)?.decision.is_some() {
        return Ok(true);
    }
    let first: Option<i64> = documents::table
        .inner_join(partner_identifiers::table.on(partner_identifiers::value.eq(documents::sender)))
        .filter(partner_identifiers::scheme.eq("gln"))
        .filter(partner_identifiers::partner.eq(id))
        .filter(documents::ticket.is_not_null())
        .select(documents::id)
        .first(connection)
        .optional()?;
    Ok(first.is_some())
}

fn standing(connection: &mut AnyConnection, id: &str) -> Result<PartnerStanding, StoreError> {
    let columns =
        (partner_states::state, partner_states::changed_at, partner_states::changed_by, partner_states::why);
    let row: Option<Row> = partner_states::table.find(id).select(columns).first(connection).optional()?;
    let Some((state, at, who, why)) = row else { return Ok(PartnerStanding::OF_BEFORE) };
    let damaged = || StoreError::Damaged(format!("state of partner {id}"));
    let when = DateTime::from_timestamp_micros(at).ok_or_else(damaged)?;
    let state = PartnerState::parse(&state).ok_or_else(damaged)?;
    Ok(PartnerStanding { state, decision: Some(Decision { who, when, why }) })
}
