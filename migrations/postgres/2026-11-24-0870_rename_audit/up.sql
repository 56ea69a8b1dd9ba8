-- The rows get numbers, and their table another key.
ALTER TABLE audit RENAME TO audit_before;
