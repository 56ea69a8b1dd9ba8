CREATE TABLE items (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lot BIGINT,
    commissioned BIGINT,
    parent TEXT,
    packed BIGINT,
    moved BIGINT,
    shipped BIGINT,
    ended BIGINT,
    emptied BIGINT
);
