CREATE INDEX capture_jobs_running ON capture_jobs (id) WHERE running;
