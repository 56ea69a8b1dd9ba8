CREATE TABLE receipts (
    id TEXT NOT NULL PRIMARY KEY,
    against TEXT NOT NULL,
    shipment BIGINT,
    purchase_order TEXT NOT NULL,
    place TEXT NOT NULL,
    whole_files BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT NOT NULL,
    rounds BIGINT NOT NULL,
    scanned BIGINT NOT NULL,
    inferred BIGINT NOT NULL,
    faulty BIGINT NOT NULL
) WITHOUT ROWID;
