CREATE TABLE event_identities (
    key BIGINT NOT NULL,
    event BIGINT NOT NULL,
    PRIMARY KEY (key, event)
) WITHOUT ROWID;
