CREATE TRIGGER verifications_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON verifications
FOR EACH STATEMENT EXECUTE FUNCTION verifications_are_append_only();
