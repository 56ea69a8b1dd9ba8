CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    ticket BIGINT UNIQUE,
    state TEXT NOT NULL,
    sha256 BLOB,
    size BIGINT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    instance_identifier TEXT NOT NULL,
    kind TEXT NOT NULL,
    syntax TEXT NOT NULL,
    header BLOB,
    received_at BIGINT NOT NULL,
    published_at BIGINT,
    events BIGINT NOT NULL,
    owner TEXT,
    lease_until BIGINT
);
