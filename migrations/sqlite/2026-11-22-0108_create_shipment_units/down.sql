DROP TABLE shipment_units;
