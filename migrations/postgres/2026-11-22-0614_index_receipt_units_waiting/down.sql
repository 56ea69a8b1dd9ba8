DROP INDEX receipt_units_waiting;
