ALTER TABLE documents ADD COLUMN reconciled_at BIGINT;
