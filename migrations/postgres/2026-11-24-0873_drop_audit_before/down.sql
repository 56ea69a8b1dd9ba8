CREATE TABLE audit_before (
    at BIGINT NOT NULL,
    id TEXT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (at, id)
);
