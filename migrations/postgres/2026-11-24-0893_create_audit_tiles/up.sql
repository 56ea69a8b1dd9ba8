CREATE TABLE audit_tiles (
    level BIGINT NOT NULL,
    tile BIGINT NOT NULL,
    root BYTEA NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (level, tile)
);
