CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    document BIGINT NOT NULL,
    position BIGINT NOT NULL,
    event_id TEXT,
    hash BLOB NOT NULL,
    error_declared BOOLEAN NOT NULL,
    event_time BIGINT NOT NULL,
    kind TEXT NOT NULL,
    action TEXT,
    biz_step TEXT,
    disposition TEXT,
    read_point TEXT,
    biz_location TEXT,
    parties TEXT NOT NULL,
    body BLOB NOT NULL
);
