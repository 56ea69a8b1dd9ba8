ALTER TABLE documents DROP COLUMN reconciled_at;
