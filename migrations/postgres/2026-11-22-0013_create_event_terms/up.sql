CREATE TABLE event_terms (
    block BIGINT NOT NULL,
    key BIGINT NOT NULL,
    event BIGINT NOT NULL,
    role BIGINT NOT NULL,
    PRIMARY KEY (block, key, event, role)
);
