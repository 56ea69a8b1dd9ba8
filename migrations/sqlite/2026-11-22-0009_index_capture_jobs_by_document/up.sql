CREATE INDEX capture_jobs_by_document ON capture_jobs (document);
