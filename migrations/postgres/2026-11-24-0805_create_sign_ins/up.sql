CREATE TABLE sign_ins (
    state BYTEA NOT NULL PRIMARY KEY,
    browser BYTEA NOT NULL,
    provider TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    target TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);
