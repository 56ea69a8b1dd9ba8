CREATE TABLE shipment_transactions (
    value TEXT NOT NULL,
    shipment BIGINT NOT NULL,
    kind TEXT NOT NULL,
    uri TEXT NOT NULL,
    PRIMARY KEY (value, shipment, kind)
) WITHOUT ROWID;
