DROP TABLE event_identities;
