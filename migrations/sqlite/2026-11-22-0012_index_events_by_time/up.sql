CREATE INDEX events_by_time ON events (event_time, id);
