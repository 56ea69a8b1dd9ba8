CREATE TABLE audit_checkpoints (
    size BIGINT NOT NULL,
    signer TEXT NOT NULL,
    at BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (size, signer)
);
