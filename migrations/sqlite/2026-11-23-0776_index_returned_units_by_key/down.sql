DROP INDEX returned_units_by_key;
