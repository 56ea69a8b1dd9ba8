//! Trading partners: each as JSON, with the identifiers by which documents name it. An identifier belongs to one partner.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use thiserror::Error;

use crate::access::Caller;
use crate::access::Sight;
use crate::dscsa::AuditEntry;
use crate::dscsa::TradingPartner;
use crate::formats::partners::PartnerForm;
use crate::formats::records::Faults;
use crate::gs1::Gln;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::audit;
use crate::store::connection::AnyConnection;
use crate::store::connection::either;
use crate::store::schema::partner_certificates;
use crate::store::schema::partner_identifiers;
use crate::store::schema::partner_invitations;
use crate::store::schema::partner_states;
use crate::store::schema::partners;
use crate::store::sight;

const GLN: &str = "gln";

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that were not there before.
    pub added: u64,
    /// Records that were there, and said something else.
    pub changed: u64,
    /// Records that were there as they are.
    pub unchanged: u64,
}

/// Why partners were not kept: an identifier of one belongs to another.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the {scheme} {value} of partner {partner} belongs to partner {owner}; take it away from one of them"
)]
pub struct PartnerConflict {
    /// `GLN`, `DEA number` or `HIN`.
    pub scheme: &'static str,
    /// The identifier.
    pub value: String,
    /// Whom it was to belong to.
    pub partner: String,
    /// Whom it belongs to.
    pub owner: String,
}

/// An identifier with its scheme, as compared.
type Identifier = (&'static str, String);

impl Store {
    /// Keeps these partners, in one transaction: those known by their id are replaced. Nothing is kept where an identifier of
    /// one belongs to another.
    pub fn put_partners(
        &self,
        caller: &Caller,
        given: &[TradingPartner],
        now: DateTime<Utc>,
    ) -> Result<Result<Imported, PartnerConflict>, StoreError> {
        let mut claims: BTreeMap<Identifier, &str> = BTreeMap::new();
        for partner in given {
            for identifier in identifiers(partner) {
                match claims.insert(identifier.clone(), &partner.id) {
                    Some(owner) if *owner != *partner.id => {
                        return Ok(Err(conflict(identifier, &partner.id, owner)));
                    }
                    _ => {}
                }
            }
        }
        let given: Vec<(&TradingPartner, String)> =
            given.iter().map(|partner| Ok((partner, body(partner)?))).collect::<Result<_, StoreError>>()?;
        self.write(|connection| {
            for (identifier, partner) in &claims {
                // What is replaced by this import no longer claims what it did.
                let owner = owner(connection, identifier)?;
                if let Some(owner) = owner.filter(|owner| !given.iter().any(|(one, _)| *one.id == **owner)) {
                    return Ok(Err(conflict(identifier.clone(), partner, &owner)));
                }
            }
            let mut importing = Importing::new(caller, now);
            let changed = given.iter().filter_map(|(partner, body)| {
                match put(connection, partner, body, &mut importing) {
                    Ok(changed) => changed.then_some(Ok(*partner)),
                    Err(error) => Some(Err(error)),
                }
            });
            let changed = changed.collect::<Result<Vec<&TradingPartner>, StoreError>>()?;
            for partner in changed {
                for (scheme, value) in identifiers(partner) {
                    let row = (
                        partner_identifiers::scheme.eq(scheme),
                        partner_identifiers::value.eq(value),
                        partner_identifiers::partner.eq(&*partner.id),
                    );
                    either!(connection, concrete => diesel::insert_into(partner_identifiers::table)
                        .values(row)
                        .on_conflict_do_nothing()
                        .execute(concrete))?;
                }
            }
            importing.end(connection).map(Ok)
        })
    }

    /// The partner of this id.
    pub fn partner(&self, caller: &Caller, id: &str) -> Result<Option<TradingPartner>, StoreError> {
        let found = self.read_house(caller, |connection| load(connection, id))?;
        Ok(found.filter(|partner| is_own(caller, partner)))
    }

    /// The partner that has this GLN, in whatever use.
    pub fn partner_with_gln(&self, caller: &Caller, gln: Gln) -> Result<Option<TradingPartner>, StoreError> {
        let found =
            self.read_house(caller, |connection| match owner(connection, &(GLN, gln.to_string()))? {
                Some(id) => load(connection, &id),
                None => Ok(None),
            })?;
        Ok(found.filter(|partner| is_own(caller, partner)))
    }

    /// Partners in the order of their ids, from behind `after`.
    pub fn partners(
        &self,
        caller: &Caller,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<TradingPartner>, StoreError> {
        let bodies: Vec<String> = self.read_house(caller, |connection| {
            let mut query = partners::table
                .filter(partners::id.gt(after.unwrap_or_default()))
                .order(partners::id)
                .limit(i64::from(most))
                .select(partners::body)
                .into_boxed();
            if let Some(own) = parties(caller) {
                let named = partner_identifiers::table
                    .filter(partner_identifiers::scheme.eq(GLN))
                    .filter(partner_identifiers::value.eq_any(own))
                    .select(partner_identifiers::partner);
                query = query.filter(partners::id.eq_any(named));
            }
            Ok(query.load(connection)?)
        })?;
        bodies.iter().map(|body| model(body)).collect()
    }

    /// True where a list of partners is kept: without one, nobody is unknown.
    pub fn has_partners(&self) -> Result<bool, StoreError> {
        let first: Option<String> =
            self.read(|connection| Ok(partners::table.select(partners::id).first(connection).optional()?))?;
        Ok(first.is_some())
    }

    /// Removes a partner with its state, its invitations and the certificates that let its machines in; false where there is none
    /// of this id. Reports on its test files stay.
    pub fn remove_partner(&self, caller: &Caller, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        sight::house(caller)?;
        self.write(|connection| {
            let known: Option<String> =
                partners::table.find(id).select(partners::body).first(connection).optional()?;
            let Some(known) = known else { return Ok(false) };
            diesel::delete(partner_identifiers::table.filter(partner_identifiers::partner.eq(id)))
                .execute(connection)?;
            diesel::delete(partner_certificates::table.filter(partner_certificates::partner.eq(id)))
                .execute(connection)?;
            diesel::delete(partner_states::table.find(id)).execute(connection)?;
            diesel::delete(partner_invitations::table.filter(partner_invitations::partner.eq(id)))
                .execute(connection)?;
            diesel::delete(partners::table.find(id)).execute(connection)?;
            let entry = AuditEntry::done(now, caller.actor(), "partners.removed", id).before(known);
            audit::append(connection, &[entry])?;
            Ok(true)
        })
    }
}

/// An import under way: what it did so far, and the acts that it is, one for each record that it added or changed.
pub(super) struct Importing<'a> {
    caller: &'a Caller,
    now: DateTime<Utc>,
    /// What it did so far.
    pub(super) imported: Imported,
    acts: Vec<AuditEntry>,
}

impl Importing<'_> {
    /// An import by this caller.
    pub(super) fn new(caller: &Caller, now: DateTime<Utc>) -> Importing<'_> {
        Importing { caller, now, imported: Imported::default(), acts: Vec::new() }
    }

    /// Notes that a record was added or changed; `things` is the first word of the act.
    pub(super) fn note(&mut self, things: &str, object: &str, before: Option<&str>, after: &str) {
        let verb = if before.is_some() { "changed" } else { "added" };
        match before {
            Some(_) => self.imported.changed += 1,
            None => self.imported.added += 1,
        }
        let entry = AuditEntry::done(self.now, self.caller.actor(), &format!("{things}.{verb}"), object);
        self.acts.push(entry.before(before.unwrap_or_default()).after(after));
    }

    /// Writes the acts down.
    pub(super) fn end(self, connection: &mut AnyConnection) -> Result<Imported, StoreError> {
        audit::append(connection, &self.acts)?;
        Ok(self.imported)
    }
}

/// GLNs of a partner that asks; `None` for us, who see all partners, also where we see no data of trade.
fn parties(caller: &Caller) -> Option<Vec<String>> {
    sight::house(caller).is_err().then(|| sight::own(caller)).flatten()
}

/// Whether a partner may be shown: to itself, and to us.
fn is_own(caller: &Caller, partner: &TradingPartner) -> bool {
    let named = |own: Vec<String>| partner.glns.iter().any(|gln| own.contains(&gln.gln.to_string()));
    parties(caller).is_none_or(named)
}

/// Keeps one partner, without its identifiers; false where it was there as it is.
fn put(
    connection: &mut AnyConnection,
    partner: &TradingPartner,
    body: &str,
    importing: &mut Importing<'_>,
) -> Result<bool, StoreError> {
    let id = &*partner.id;
    let known: Option<String> =
        partners::table.find(id).select(partners::body).first(connection).optional()?;
    if known.as_deref() == Some(body) {
        importing.imported.unchanged += 1;
        return Ok(false);
    }
    importing.note("partners", id, known.as_deref(), body);
    diesel::delete(partner_identifiers::table.filter(partner_identifiers::partner.eq(id)))
        .execute(connection)?;
    diesel::delete(partners::table.find(id)).execute(connection)?;
    let row = (partners::id.eq(id), partners::name.eq(&*partner.name), partners::body.eq(body));
    diesel::insert_into(partners::table).values(row).execute(connection)?;
    Ok(true)
}

/// The partners that a caller is, by their ids: it sees what was exchanged with them. `None` where it sees everything.
pub(super) fn seen_by(
    connection: &mut AnyConnection,
    caller: &Caller,
) -> Result<Option<Vec<String>>, StoreError> {
    let glns = match caller.sight() {
        Sight::Everything => return Ok(None),
        Sight::Nothing => return Ok(Some(Vec::new())),
        Sight::Parties(glns) => glns.iter().map(ToString::to_string),
    };
    let own = partner_identifiers::table
        .filter(partner_identifiers::scheme.eq(GLN))
        .filter(partner_identifiers::value.eq_any(glns));
    Ok(Some(own.select(partner_identifiers::partner).load(connection)?))
}

/// Whether what belongs to this partner is seen: by itself, and by us.
pub(super) fn is_seen(
    connection: &mut AnyConnection,
    caller: &Caller,
    partner: &str,
) -> Result<bool, StoreError> {
    if sight::house(caller).is_ok() {
        return Ok(true);
    }
    Ok(seen_by(connection, caller)?.is_none_or(|seen| seen.iter().any(|own| own == partner)))
}

fn owner(connection: &mut AnyConnection, (scheme, value): &Identifier) -> Result<Option<String>, StoreError> {
    let row = partner_identifiers::table.find((*scheme, value));
    Ok(row.select(partner_identifiers::partner).first(connection).optional()?)
}

/// The partner of this id.
pub(super) fn load(connection: &mut AnyConnection, id: &str) -> Result<Option<TradingPartner>, StoreError> {
    let found: Option<String> =
        partners::table.find(id).select(partners::body).first(connection).optional()?;
    found.map(|body| model(&body)).transpose()
}

fn identifiers(partner: &TradingPartner) -> Vec<Identifier> {
    let glns = partner.glns.iter().map(|gln| (GLN, gln.gln.to_string()));
    let dea = partner.dea.iter().map(|dea| ("dea", dea.to_string()));
    let hin = partner.hin.iter().map(|hin| ("hin", hin.to_string()));
    glns.chain(dea).chain(hin).collect()
}

fn conflict((scheme, value): Identifier, partner: &str, owner: &str) -> PartnerConflict {
    let scheme = match scheme {
        GLN => "GLN",
        "dea" => "DEA number",
        _ => "HIN",
    };
    PartnerConflict { scheme, value, partner: partner.to_owned(), owner: owner.to_owned() }
}

fn body(partner: &TradingPartner) -> Result<String, StoreError> {
    serde_json::to_string(&PartnerForm::from(partner)).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn model(body: &str) -> Result<TradingPartner, StoreError> {
    let form: PartnerForm =
        serde_json::from_str(body).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let mut faults = Faults::default();
    let partner = form.read(&mut faults);
    match faults.first() {
        Some((path, fault)) => Err(StoreError::Damaged(format!("{path}: {}", fault.message))),
        None => Ok(partner),
    }
}
