DROP INDEX events_by_document;
