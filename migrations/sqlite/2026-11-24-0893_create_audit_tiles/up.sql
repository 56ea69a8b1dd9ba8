CREATE TABLE audit_tiles (
    level BIGINT NOT NULL,
    tile BIGINT NOT NULL,
    root BLOB NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, tile)
);
