DROP TABLE capture_jobs;
