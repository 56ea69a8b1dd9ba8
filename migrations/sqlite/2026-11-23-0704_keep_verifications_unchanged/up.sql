CREATE TRIGGER verifications_stay_unchanged BEFORE UPDATE ON verifications
BEGIN
    SELECT RAISE(ABORT, 'verifications are append-only');
END;
