CREATE TABLE receipt_shipments (
    shipment BIGINT NOT NULL,
    receipt TEXT NOT NULL,
    PRIMARY KEY (shipment, receipt)
);
