DROP TABLE returned_units;
