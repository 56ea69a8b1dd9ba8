CREATE TABLE partner_trials (
    id TEXT NOT NULL PRIMARY KEY,
    partner TEXT NOT NULL,
    invitation TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    form TEXT NOT NULL,
    grade TEXT NOT NULL,
    report TEXT NOT NULL
);
