CREATE TRIGGER audit_keeps_rows_unchanged BEFORE UPDATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
