CREATE INDEX directory_records_by_digits ON directory_records (digits);
