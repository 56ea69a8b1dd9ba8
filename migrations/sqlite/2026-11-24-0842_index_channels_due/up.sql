CREATE INDEX channels_due ON channels (next_at, id) WHERE next_at IS NOT NULL;
