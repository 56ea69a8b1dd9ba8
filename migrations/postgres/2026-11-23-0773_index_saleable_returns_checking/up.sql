CREATE INDEX saleable_returns_checking ON saleable_returns (opened_at, id) WHERE state = 'checking';
