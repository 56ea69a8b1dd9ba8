CREATE UNIQUE INDEX deliveries_by_key ON deliveries (channel, key);
