CREATE INDEX exception_cases_by_time ON exception_cases (opened_at, id);
