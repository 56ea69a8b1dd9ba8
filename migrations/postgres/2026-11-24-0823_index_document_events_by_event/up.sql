CREATE INDEX document_events_by_event ON document_events (event);
