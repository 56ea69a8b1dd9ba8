CREATE TABLE findings (
    id TEXT NOT NULL PRIMARY KEY,
    document BIGINT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    event BIGINT,
    objects TEXT NOT NULL,
    message TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT,
    closed_why TEXT NOT NULL
);
