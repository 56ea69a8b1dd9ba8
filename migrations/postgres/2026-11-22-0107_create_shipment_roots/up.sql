CREATE TABLE shipment_roots (
    shipment BIGINT NOT NULL,
    root TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shipment, root)
);
