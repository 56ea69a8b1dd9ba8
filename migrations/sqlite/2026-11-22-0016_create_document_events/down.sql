DROP TABLE document_events;
