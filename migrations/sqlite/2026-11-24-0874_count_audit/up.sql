INSERT INTO counters (name, value) SELECT 'audit', count(*) FROM audit;
