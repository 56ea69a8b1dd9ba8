DROP INDEX holds_by_subject;
