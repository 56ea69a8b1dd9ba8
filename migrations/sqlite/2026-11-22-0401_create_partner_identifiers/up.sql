CREATE TABLE partner_identifiers (
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    partner TEXT NOT NULL,
    PRIMARY KEY (scheme, value)
) WITHOUT ROWID;
