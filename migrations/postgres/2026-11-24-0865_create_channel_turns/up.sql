CREATE TABLE channel_turns (
    channel TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    lease_until BIGINT,
    due_at BIGINT NOT NULL,
    ended_at BIGINT,
    failures BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    said TEXT NOT NULL,
    mark TEXT NOT NULL
);
