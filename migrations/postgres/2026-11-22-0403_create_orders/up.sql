CREATE TABLE orders (
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    buyer TEXT NOT NULL,
    seller TEXT NOT NULL,
    day TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, number, issuer)
);
