DROP INDEX products_by_ndc;
