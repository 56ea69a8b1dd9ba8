CREATE TABLE sessions (
    digest BLOB NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
) WITHOUT ROWID;
