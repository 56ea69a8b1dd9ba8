CREATE TABLE capture_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    document BIGINT NOT NULL,
    behaviour TEXT NOT NULL,
    running BOOLEAN NOT NULL,
    success BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    owner TEXT,
    lease_until BIGINT,
    attempts BIGINT NOT NULL,
    events_read BIGINT NOT NULL,
    events_stored BIGINT NOT NULL,
    events_linked BIGINT NOT NULL,
    defects BLOB NOT NULL
) WITHOUT ROWID;
