DROP INDEX findings_open;
