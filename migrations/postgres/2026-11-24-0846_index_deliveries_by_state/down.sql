DROP INDEX deliveries_by_state;
