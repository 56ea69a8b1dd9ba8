DROP INDEX sessions_by_person;
