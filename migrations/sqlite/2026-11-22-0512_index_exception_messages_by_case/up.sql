CREATE INDEX exception_messages_by_case ON exception_messages (case_id, kept_at);
