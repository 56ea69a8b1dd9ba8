CREATE TABLE directory_probes (
    record TEXT NOT NULL PRIMARY KEY,
    probed_at BIGINT NOT NULL,
    sound BOOLEAN NOT NULL,
    said TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_sound_at BIGINT
) WITHOUT ROWID;
