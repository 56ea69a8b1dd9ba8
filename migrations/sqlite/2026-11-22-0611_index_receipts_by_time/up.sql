CREATE INDEX receipts_by_time ON receipts (opened_at, id);
