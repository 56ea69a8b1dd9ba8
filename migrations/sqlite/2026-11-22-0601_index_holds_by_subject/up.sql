CREATE INDEX holds_by_subject ON holds (subject, released_at);
