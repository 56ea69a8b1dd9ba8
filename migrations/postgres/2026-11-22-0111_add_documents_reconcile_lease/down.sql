ALTER TABLE documents DROP COLUMN reconcile_lease;
