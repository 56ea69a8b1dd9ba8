CREATE TABLE partner_invitations (
    id TEXT NOT NULL PRIMARY KEY,
    partner TEXT NOT NULL,
    digest BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoked_by TEXT NOT NULL,
    revoked_why TEXT NOT NULL,
    most_uploads BIGINT NOT NULL,
    most_bytes BIGINT NOT NULL,
    uploads BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
