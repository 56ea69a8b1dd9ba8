DROP INDEX arrivals_by_job;
