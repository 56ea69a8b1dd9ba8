//! Look-ups that link a correction to what it corrects.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;

use crate::access::Caller;
use crate::epcis::Event;
use crate::store::ShipmentRecord;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::bodies;
use crate::store::schema::document_events;
use crate::store::schema::documents;
use crate::store::schema::events;
use crate::store::schema::exception_items;
use crate::store::schema::exception_messages;
use crate::store::schema::shipments;
use crate::store::sight;

/// How many shipments or error declarations of one document are looked at.
const MOST: i64 = 1_000;

/// A declaration that an event was wrong, and the event.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The event that declares it; it repeats the wrong one.
    pub event: Event,
    /// The document of the wrong event and the position there, from 0; `None` where it is not known.
    pub declared: Option<(i64, u64)>,
}

impl Store {
    /// The shipments that a document brought; a thousand at most.
    pub fn shipments_in(&self, caller: &Caller, document: i64) -> Result<Vec<ShipmentRecord>, StoreError> {
        let ids: Vec<i64> = self.read_for(caller, |connection| {
            Ok(shipments::table
                .filter(shipments::document.eq(document))
                .order(shipments::id)
                .select(shipments::id)
                .limit(MOST)
                .load(connection)?)
        })?;
        let found = ids.into_iter().map(|id| self.shipment(caller, id));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// The error declarations that a document brought; a thousand at most.
    pub fn declarations_in(&self, caller: &Caller, document: i64) -> Result<Vec<Declaration>, StoreError> {
        let bodies: Vec<Vec<u8>> = self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(Vec::new());
            }
            Ok(events::table
                .filter(events::document.eq(document))
                .filter(events::error_declared.eq(true))
                .order(events::position)
                .select(events::body)
                .limit(MOST)
                .load(connection)?)
        })?;
        let mut found = Vec::new();
        for body in bodies {
            let event = bodies::decode(&body)?;
            let named = event.id.as_deref().map(|id| self.event(caller, id)).transpose()?;
            let wrong = named.into_iter().flatten().find(|stored| stored.event.error_declaration.is_none());
            let declared = wrong.map(|stored| self.place_of(stored.id)).transpose()?.flatten();
            found.push(Declaration { event, declared });
        }
        Ok(found)
    }

    /// The document that brought an event, and its position there.
    fn place_of(&self, event: i64) -> Result<Option<(i64, u64)>, StoreError> {
        self.read(|connection| {
            let place: Option<(i64, i64)> = events::table
                .find(event)
                .select((events::document, events::position))
                .first(connection)
                .optional()?;
            Ok(place.map(|(document, position)| (document, u64::try_from(position).unwrap_or(0))))
        })
    }

    /// The open items that were made of a finding: of each the case, and the item.
    pub fn items_of_finding(
        &self,
        caller: &Caller,
        finding: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        sight::everything(caller)?;
        self.read(|connection| {
            Ok(exception_items::table
                .filter(exception_items::finding.eq(finding))
                .filter(exception_items::settled_at.is_null())
                .order((exception_items::case_id, exception_items::number))
                .select((exception_items::case_id, exception_items::id))
                .load(connection)?)
        })
    }

    /// The sender of a published document and its `InstanceIdentifier`, each as sent; `None` where there is no such document.
    pub fn sender_of(&self, caller: &Caller, document: i64) -> Result<Option<(String, String)>, StoreError> {
        self.read_for(caller, |connection| {
            if !sight::sees_document(connection, caller, document)? {
                return Ok(None);
            }
            Ok(documents::table
                .find(document)
                .filter(documents::ticket.is_not_null())
                .select((documents::sender, documents::instance_identifier))
                .first(connection)
                .optional()?)
        })
    }

    /// True where one of these events came, again or first, with this document.
    pub fn came_with(&self, events: &[i64], document: i64) -> Result<bool, StoreError> {
        self.read(|connection| {
            let own: Option<i64> = events::table
                .filter(events::id.eq_any(events))
                .filter(events::document.eq(document))
                .select(events::id)
                .first(connection)
                .optional()?;
            let linked: Option<i64> = document_events::table
                .filter(document_events::document.eq(document))
                .filter(document_events::event.eq_any(events))
                .select(document_events::event)
                .first(connection)
                .optional()?;
            Ok(own.or(linked).is_some())
        })
    }

    /// The case and the text of a message that came or went; `None` where there is none.
    pub fn case_of_message(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        self.read(|connection| {
            Ok(exception_messages::table
                .find(id)
                .select((exception_messages::case_id, exception_messages::body))
                .first(connection)
                .optional()?)
        })
    }
}
