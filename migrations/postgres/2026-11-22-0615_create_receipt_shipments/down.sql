DROP TABLE receipt_shipments;
