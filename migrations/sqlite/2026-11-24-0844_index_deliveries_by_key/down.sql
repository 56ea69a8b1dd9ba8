DROP INDEX deliveries_by_key;
