DROP INDEX verifications_by_item;
