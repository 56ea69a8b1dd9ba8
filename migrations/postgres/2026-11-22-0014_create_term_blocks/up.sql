CREATE TABLE term_blocks (
    id BIGINT PRIMARY KEY,
    lane BIGINT NOT NULL,
    used BIGINT NOT NULL
);
