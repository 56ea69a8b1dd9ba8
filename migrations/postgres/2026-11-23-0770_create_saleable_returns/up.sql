CREATE TABLE saleable_returns (
    id TEXT NOT NULL PRIMARY KEY,
    client_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    customer TEXT NOT NULL,
    authorisation TEXT NOT NULL,
    place TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT NOT NULL,
    scans BIGINT NOT NULL,
    owner TEXT,
    lease_until BIGINT
);
