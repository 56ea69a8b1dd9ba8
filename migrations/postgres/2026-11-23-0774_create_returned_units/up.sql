CREATE TABLE returned_units (
    saleable_return TEXT NOT NULL,
    line BIGINT NOT NULL,
    scan TEXT NOT NULL,
    key TEXT NOT NULL,
    epc TEXT NOT NULL,
    label_lot TEXT NOT NULL,
    label_expiry TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    next_step TEXT NOT NULL,
    checks TEXT NOT NULL,
    packages BIGINT,
    decided_at BIGINT,
    PRIMARY KEY (saleable_return, line)
);
