ALTER TABLE audit_before RENAME TO audit;
