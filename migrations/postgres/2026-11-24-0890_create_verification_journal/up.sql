CREATE TABLE verification_journal (
    id BIGINT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);
