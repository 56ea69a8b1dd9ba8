CREATE UNIQUE INDEX exception_cases_open ON exception_cases (partner, delivery) WHERE side = 'ours' AND state <> 'closed';
