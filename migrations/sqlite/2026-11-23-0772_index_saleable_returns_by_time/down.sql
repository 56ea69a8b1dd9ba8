DROP INDEX saleable_returns_by_time;
