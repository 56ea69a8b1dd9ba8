CREATE TABLE partner_states (
    partner TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID;
