CREATE TABLE partner_certificates (
    fingerprint TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    pinned_at BIGINT NOT NULL,
    pinned_by TEXT NOT NULL
);
