CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    partner TEXT NOT NULL,
    number BIGINT NOT NULL,
    key TEXT NOT NULL,
    cargo TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    document BIGINT,
    body BLOB NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    tried_at BIGINT,
    made_at BIGINT NOT NULL,
    next_at BIGINT,
    ended_at BIGINT,
    note TEXT NOT NULL
);
