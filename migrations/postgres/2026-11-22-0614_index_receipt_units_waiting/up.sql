CREATE INDEX receipt_units_waiting ON receipt_units (seen_at, receipt, key) WHERE verdict = 'no-data';
