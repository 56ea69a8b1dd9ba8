DROP TABLE audit_before;
