CREATE INDEX exception_items_by_finding ON exception_items (finding);
