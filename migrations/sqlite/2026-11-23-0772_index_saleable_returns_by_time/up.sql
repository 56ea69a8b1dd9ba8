CREATE INDEX saleable_returns_by_time ON saleable_returns (opened_at, id);
