CREATE UNIQUE INDEX deliveries_waiting ON deliveries (channel, number) WHERE ended_at IS NULL;
