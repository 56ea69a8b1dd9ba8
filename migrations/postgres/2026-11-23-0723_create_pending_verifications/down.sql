DROP TABLE pending_verifications;
