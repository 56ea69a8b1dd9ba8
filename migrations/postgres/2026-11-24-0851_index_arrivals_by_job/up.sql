CREATE INDEX arrivals_by_job ON arrivals (job);
