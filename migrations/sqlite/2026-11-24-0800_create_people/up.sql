CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    station BOOLEAN NOT NULL,
    roles TEXT NOT NULL,
    glns TEXT NOT NULL,
    password TEXT,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ends_at BIGINT,
    revoked_at BIGINT,
    revoked_by TEXT NOT NULL,
    revoked_why TEXT NOT NULL,
    seen_at BIGINT
) WITHOUT ROWID;
