CREATE INDEX receipt_units_by_key ON receipt_units (key);
