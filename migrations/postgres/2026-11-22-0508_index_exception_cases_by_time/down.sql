DROP INDEX exception_cases_by_time;
