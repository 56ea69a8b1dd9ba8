DROP INDEX shipments_by_time;
