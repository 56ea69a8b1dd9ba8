-- INSERT OR REPLACE takes a row away without any trigger of deletion.
CREATE TRIGGER audit_keeps_numbers BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
