DROP INDEX shipments_by_document;
