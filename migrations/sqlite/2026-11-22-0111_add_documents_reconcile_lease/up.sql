ALTER TABLE documents ADD COLUMN reconcile_lease BIGINT;
