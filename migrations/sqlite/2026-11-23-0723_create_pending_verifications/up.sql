CREATE TABLE pending_verifications (
    id TEXT NOT NULL PRIMARY KEY,
    correlation TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    context TEXT NOT NULL,
    possession BOOLEAN,
    email TEXT NOT NULL,
    telephone TEXT NOT NULL,
    doubtful BOOLEAN NOT NULL
) WITHOUT ROWID;
