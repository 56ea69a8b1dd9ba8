CREATE INDEX exception_cases_by_delivery ON exception_cases (partner, delivery);
