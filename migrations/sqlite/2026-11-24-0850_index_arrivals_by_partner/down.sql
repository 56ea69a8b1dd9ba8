DROP INDEX arrivals_by_partner;
