DROP INDEX capture_jobs_running;
