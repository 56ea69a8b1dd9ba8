DROP INDEX findings_by_document;
