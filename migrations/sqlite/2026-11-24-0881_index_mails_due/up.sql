CREATE INDEX mails_due ON mails (state, next_at);
