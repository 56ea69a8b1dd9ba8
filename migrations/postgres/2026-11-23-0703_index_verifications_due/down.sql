DROP INDEX verifications_due;
