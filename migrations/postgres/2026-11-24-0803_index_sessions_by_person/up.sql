CREATE INDEX sessions_by_person ON sessions (person);
