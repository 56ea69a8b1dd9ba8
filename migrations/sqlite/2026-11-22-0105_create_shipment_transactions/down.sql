DROP TABLE shipment_transactions;
