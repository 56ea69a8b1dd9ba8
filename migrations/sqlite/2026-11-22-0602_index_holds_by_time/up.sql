CREATE INDEX holds_by_time ON holds (kind, opened_at, id);
