DROP TRIGGER verifications_stay ON verifications;
