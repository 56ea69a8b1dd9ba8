DROP TABLE arrival_keys;
