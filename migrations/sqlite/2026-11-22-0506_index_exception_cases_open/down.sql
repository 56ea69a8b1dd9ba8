DROP INDEX exception_cases_open;
