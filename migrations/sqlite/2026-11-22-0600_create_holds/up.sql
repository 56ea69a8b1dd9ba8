CREATE TABLE holds (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    epc TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    first_serial TEXT NOT NULL,
    last_serial TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_why TEXT NOT NULL,
    released_at BIGINT,
    released_by TEXT NOT NULL,
    released_why TEXT NOT NULL
) WITHOUT ROWID;
