DROP INDEX receipt_units_by_key;
