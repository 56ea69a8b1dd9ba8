CREATE INDEX arrivals_by_partner ON arrivals (partner, id);
