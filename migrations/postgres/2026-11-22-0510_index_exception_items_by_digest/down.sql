DROP INDEX exception_items_by_digest;
