DROP TRIGGER audit_keeps_rows_unchanged ON audit;
