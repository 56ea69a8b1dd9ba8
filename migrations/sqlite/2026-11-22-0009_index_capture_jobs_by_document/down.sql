DROP INDEX capture_jobs_by_document;
