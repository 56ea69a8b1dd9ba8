DROP TABLE event_terms;
