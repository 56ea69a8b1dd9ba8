CREATE TABLE void_events (
    key BIGINT NOT NULL PRIMARY KEY,
    declared_by BIGINT NOT NULL
);
