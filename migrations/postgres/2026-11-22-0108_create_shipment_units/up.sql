CREATE TABLE shipment_units (
    shipment BIGINT NOT NULL,
    block BIGINT NOT NULL,
    last_key TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shipment, block)
);
