DROP TABLE receipt_units;
