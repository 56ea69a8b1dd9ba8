CREATE INDEX findings_open ON findings (found_at, id) WHERE closed_at IS NULL;
