CREATE TABLE shipments (
    id BIGINT NOT NULL PRIMARY KEY,
    document BIGINT NOT NULL,
    time BIGINT NOT NULL,
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    ship_from TEXT NOT NULL,
    ship_to TEXT NOT NULL,
    units BIGINT NOT NULL
);
