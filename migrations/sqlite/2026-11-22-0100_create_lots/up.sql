CREATE TABLE lots (
    id BIGINT NOT NULL PRIMARY KEY,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    commissioned BIGINT NOT NULL
);
