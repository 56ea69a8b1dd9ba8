DROP TRIGGER audit_keeps_rows;
