DROP TRIGGER verifications_keep_names ON verifications;
