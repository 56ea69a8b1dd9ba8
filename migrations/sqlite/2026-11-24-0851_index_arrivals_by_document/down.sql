DROP INDEX arrivals_by_document;
