DROP INDEX deliveries_waiting;
