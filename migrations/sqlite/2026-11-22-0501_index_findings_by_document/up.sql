CREATE INDEX findings_by_document ON findings (document, rule);
