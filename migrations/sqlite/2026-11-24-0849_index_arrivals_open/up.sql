CREATE INDEX arrivals_open ON arrivals (next_at, id) WHERE next_at IS NOT NULL;
