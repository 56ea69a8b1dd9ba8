DELETE FROM counters WHERE name = 'audit';
