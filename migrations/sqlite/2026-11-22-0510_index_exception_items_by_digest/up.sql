CREATE UNIQUE INDEX exception_items_by_digest ON exception_items (case_id, digest);
