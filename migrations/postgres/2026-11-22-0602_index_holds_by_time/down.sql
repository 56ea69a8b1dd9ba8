DROP INDEX holds_by_time;
