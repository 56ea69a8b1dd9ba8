CREATE TABLE term_blocks (
    id INTEGER PRIMARY KEY,
    lane BIGINT NOT NULL,
    used BIGINT NOT NULL
);
