CREATE INDEX verifications_by_requester ON verifications (requester, id);
