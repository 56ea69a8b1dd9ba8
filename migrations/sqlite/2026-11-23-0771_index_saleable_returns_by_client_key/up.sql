CREATE UNIQUE INDEX saleable_returns_by_client_key ON saleable_returns (client_key);
