CREATE TABLE ndc_listings (
    id TEXT NOT NULL PRIMARY KEY,
    proprietary_name TEXT NOT NULL,
    established_name TEXT NOT NULL,
    manufacturer TEXT NOT NULL,
    dosage_form TEXT NOT NULL,
    strength TEXT NOT NULL,
    search TEXT NOT NULL,
    place TEXT NOT NULL,
    line BIGINT NOT NULL,
    said_at BIGINT NOT NULL
) WITHOUT ROWID;
