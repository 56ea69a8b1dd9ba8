CREATE TABLE receipt_units (
    receipt TEXT NOT NULL,
    key TEXT NOT NULL,
    epc TEXT NOT NULL,
    observed TEXT NOT NULL,
    through TEXT NOT NULL,
    verdict TEXT NOT NULL,
    why TEXT NOT NULL,
    label_lot TEXT NOT NULL,
    label_expiry TEXT NOT NULL,
    data_lot TEXT NOT NULL,
    data_expiry TEXT NOT NULL,
    contents BIGINT,
    shipment BIGINT,
    seen_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    round BIGINT,
    PRIMARY KEY (receipt, key)
);
