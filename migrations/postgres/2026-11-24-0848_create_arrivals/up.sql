CREATE TABLE arrivals (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    partner TEXT NOT NULL,
    message_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    document BIGINT NOT NULL,
    job TEXT NOT NULL,
    resent BIGINT NOT NULL,
    resent_at BIGINT,
    receipt BYTEA NOT NULL,
    next_at BIGINT,
    outcome TEXT NOT NULL,
    answered_at BIGINT,
    answer TEXT NOT NULL
);
