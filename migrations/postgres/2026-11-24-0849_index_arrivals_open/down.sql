DROP INDEX arrivals_open;
