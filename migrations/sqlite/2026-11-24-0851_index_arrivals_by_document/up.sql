CREATE INDEX arrivals_by_document ON arrivals (document);
