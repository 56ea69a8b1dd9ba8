DROP INDEX document_events_by_event;
