CREATE INDEX shipments_by_time ON shipments (time, id);
