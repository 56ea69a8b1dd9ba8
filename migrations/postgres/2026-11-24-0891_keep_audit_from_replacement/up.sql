-- What takes rows away without any trigger of deletion: TRUNCATE here, INSERT OR REPLACE in SQLite.
CREATE TRIGGER audit_keeps_numbers BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
