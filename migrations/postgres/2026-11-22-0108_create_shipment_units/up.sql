CREATE TABLE shipment_units (
    shipment BIGINT NOT NULL,
    block BIGINT NOT NULL,
    last_key TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shipment, block)
);
