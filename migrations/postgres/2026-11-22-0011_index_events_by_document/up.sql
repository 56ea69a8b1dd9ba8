CREATE INDEX events_by_document ON events (document, id);
