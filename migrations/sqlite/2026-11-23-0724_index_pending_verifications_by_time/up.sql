CREATE INDEX pending_verifications_by_time ON pending_verifications (next_at);
