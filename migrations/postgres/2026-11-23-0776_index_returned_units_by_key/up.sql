CREATE INDEX returned_units_by_key ON returned_units (key);
