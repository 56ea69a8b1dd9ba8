//! A capture session: the events of one document go into the store, batch by batch, still invisible.

use std::collections::BTreeSet;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::dsl::max;

use crate::epcis::CaptureErrorBehaviour;
use crate::epcis::DocumentKind;
use crate::epcis::Header;
use crate::formats::Syntax;
use crate::store::Batch;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Work;
use crate::store::blocks::block_of;
use crate::store::captures::Fence;
use crate::store::claims;
use crate::store::connection::AnyConnection;
use crate::store::dialect::EventRow;
use crate::store::dialect::IdentityRow;
use crate::store::dialect::LinkRow;
use crate::store::dialect::Rows;
use crate::store::dialect::TermRow;
use crate::store::identities;
use crate::store::identities::Verdict;
use crate::store::schema::capture_jobs;
use crate::store::schema::documents;
use crate::store::sight;
use crate::store::terms;

/// The document whose events are being stored.
pub struct CaptureSession {
    pub(super) document: i64,
    pub(super) fence: Fence,
    pub(super) behaviour: CaptureErrorBehaviour,
    /// The last ticket whose documents this one was compared with.
    pub(super) checked: i64,
    pub(super) stored: u64,
    pub(super) linked: u64,
}

/// How a capture begins.
pub enum Begin {
    /// Events can be added.
    Ready(CaptureSession),
    /// The sender used the same `InstanceIdentifier` for other bytes; that document's job is named, if it has one.
    InstanceReused(Option<String>),
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Events stored.
    pub stored: u64,
    /// Events that equal one stored before, or an earlier one of the document.
    pub linked: u64,
    /// Events that were not stored.
    pub conflicts: Vec<Conflict>,
}

/// An event whose `eventID` stands for other content, and neither is an error declaration (EPCIS 2.0 §7.4.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Position in the document, from 0.
    pub position: u64,
    /// The `eventID`.
    pub event_id: Box<str>,
}

impl Store {
    /// Begins to store the events of a document: notes who sent it and claims its `InstanceIdentifier`.
    pub fn begin_capture(&self, work: &Work, header: &Header, syntax: Syntax) -> Result<Begin, StoreError> {
        let document = work.job.document;
        let sbdh = header.sbdh.as_ref();
        let party = |text: Option<&str>| text.map(terms::party_value).unwrap_or_default();
        let sender = party(sbdh.and_then(|sbdh| sbdh.sender()));
        let receiver = party(sbdh.and_then(|sbdh| sbdh.receiver()));
        let parties: BTreeSet<String> =
            sbdh.into_iter().flat_map(|sbdh| sbdh.parties()).map(terms::party_value).collect();
        let instance = sbdh.and_then(|sbdh| sbdh.instance_identifier()).unwrap_or_default();
        self.write(|connection| {
            work.fence.hold(connection)?;
            if !sender.is_empty() && !instance.is_empty() {
                let claim = claims::instance_claim(&sender, instance);
                let first = claims::claim(connection, &claim, document)?;
                if first != document {
                    return Ok(Begin::InstanceReused(job_of_document(connection, first)?));
                }
            }
            sight::add_parties(connection, document, parties.iter().cloned())?;
            diesel::update(documents::table.find(document))
                .set((
                    documents::sender.eq(&sender),
                    documents::receiver.eq(&receiver),
                    documents::instance_identifier.eq(instance),
                    documents::kind.eq(kind_name(header.kind)),
                    documents::syntax.eq(syntax_name(syntax)),
                ))
                .execute(connection)?;
            let checked: Option<i64> = documents::table.select(max(documents::ticket)).first(connection)?;
            Ok(Begin::Ready(CaptureSession {
                document,
                fence: work.fence.clone(),
                behaviour: work.job.behaviour,
                checked: checked.unwrap_or(0),
                stored: 0,
                linked: 0,
            }))
        })
    }

    /// Stores a batch of events, each once, and empties the batch.
    ///
    /// It takes several short transactions; what is written stays invisible until the document is published.
    pub fn add_events(&self, session: &mut CaptureSession, batch: &mut Batch) -> Result<Added, StoreError> {
        let mut added = Added::default();
        let verdicts = self.judge(session, batch)?;
        let new = |verdict: &Verdict| *verdict == Verdict::New;
        let events = || batch.events().iter().zip(&verdicts);
        let slots: Vec<usize> =
            events().filter(|(_, v)| new(v)).map(|(event, _)| batch.terms_of(event).len()).collect();
        let mut fresh = self.allocate(&slots)?.into_iter();
        let mut ids: Vec<i64> = Vec::with_capacity(verdicts.len());
        let mut written = Written::with_capacity(slots.len(), slots.iter().sum());
        for (event, verdict) in events() {
            let id = match *verdict {
                Verdict::New => fresh.next().unwrap_or_default(),
                Verdict::Stored(id) => id,
                Verdict::InBatch(at) => ids.get(at).copied().unwrap_or_default(),
                Verdict::Conflict => {
                    let event_id = event.event_id.clone().unwrap_or_default();
                    let position = u64::try_from(event.position).unwrap_or(0);
                    added.conflicts.push(Conflict { position, event_id });
                    0
                }
            };
            ids.push(id);
            match verdict {
                Verdict::New => written.event(batch, event, id, session.document),
                Verdict::Conflict => {}
                Verdict::Stored(_) | Verdict::InBatch(_) => {
                    let (document, position) = (session.document, event.position);
                    written.links.push(LinkRow { document, position, event: id });
                }
            }
        }
        added.stored = written.events.len() as u64;
        added.linked = written.links.len() as u64;
        self.write_rows(&session.fence, written.sorted())?;
        session.stored += added.stored;
        session.linked += added.linked;
        batch.clear();
        Ok(added)
    }

    fn judge(&self, session: &CaptureSession, batch: &Batch) -> Result<Vec<Verdict>, StoreError> {
        let mut keys = BTreeSet::new();
        for event in batch.events() {
            keys.extend(event.keys.compared(event.error_declared));
        }
        let stored = self.read(|connection| identities::known(connection, &keys, session.document))?;
        Ok(identities::judge(batch.events(), &stored))
    }

    fn write_rows(&self, fence: &Fence, mut rows: Rows<'_>) -> Result<(), StoreError> {
        while let Some(some) = rows.next_transaction(self.0.writes.most_rows()) {
            self.write(|connection| {
                fence.hold(connection)?;
                some.insert(connection)
            })?;
        }
        Ok(())
    }
}

/// The rows that a batch becomes.
struct Written<'a> {
    events: Vec<EventRow<'a>>,
    terms: Vec<TermRow>,
    identities: Vec<IdentityRow>,
    links: Vec<LinkRow>,
}

impl<'a> Written<'a> {
    fn with_capacity(events: usize, terms: usize) -> Written<'a> {
        Written {
            events: Vec::with_capacity(events),
            terms: Vec::with_capacity(terms),
            identities: Vec::with_capacity(events * 2),
            links: Vec::new(),
        }
    }

    fn event(&mut self, batch: &'a Batch, event: &'a crate::store::batch::Prepared, id: i64, document: i64) {
        self.events.push(event.row(id, document));
        let block = block_of(id);
        self.terms.extend(batch.terms_of(event).iter().map(|term| TermRow {
            block,
            key: term.key,
            event: id,
            role: term.role,
        }));
        self.identities.extend(event.keys.all().map(|key| IdentityRow { key, event: id }));
    }

    /// Sorted by primary key, so that each transaction dirties few pages.
    fn sorted(&mut self) -> Rows<'_> {
        self.terms.sort_unstable();
        self.identities.sort_unstable();
        Rows { events: &self.events, terms: &self.terms, identities: &self.identities, links: &self.links }
    }
}

fn job_of_document(connection: &mut AnyConnection, document: i64) -> Result<Option<String>, StoreError> {
    let job = capture_jobs::table.filter(capture_jobs::document.eq(document)).select(capture_jobs::id);
    Ok(job.first(connection).optional()?)
}

/// `documents.kind`.
pub(crate) fn kind_name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Document => "document",
        DocumentKind::QueryDocument => "query-document",
        DocumentKind::MasterData => "master-data",
        DocumentKind::Event => "event",
        DocumentKind::EventList => "event-list",
    }
}

/// `documents.syntax`.
fn syntax_name(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::Xml => "xml",
        Syntax::Json => "json",
    }
}
