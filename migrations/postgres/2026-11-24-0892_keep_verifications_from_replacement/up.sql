-- An upsert that changes a row fires a trigger of each row too.
CREATE TRIGGER verifications_keep_names BEFORE UPDATE ON verifications
FOR EACH ROW EXECUTE FUNCTION verifications_are_append_only();
