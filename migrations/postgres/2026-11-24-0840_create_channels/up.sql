CREATE TABLE channels (
    id TEXT NOT NULL PRIMARY KEY,
    partner TEXT NOT NULL,
    kind TEXT NOT NULL,
    events BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    next_at BIGINT,
    owner TEXT NOT NULL,
    lease_until BIGINT,
    failing_since BIGINT,
    paused_at BIGINT,
    paused_why TEXT NOT NULL
);
