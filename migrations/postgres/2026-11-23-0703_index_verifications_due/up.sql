CREATE INDEX verifications_due ON verifications (direction, due, id) WHERE due IS NOT NULL;
