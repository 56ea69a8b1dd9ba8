CREATE TABLE shipment_roots (
    shipment BIGINT NOT NULL,
    root TEXT NOT NULL,
    PRIMARY KEY (shipment, root)
);
