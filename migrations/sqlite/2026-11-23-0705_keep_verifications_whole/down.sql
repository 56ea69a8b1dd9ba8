DROP TRIGGER verifications_stay;
