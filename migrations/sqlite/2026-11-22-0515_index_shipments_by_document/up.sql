CREATE INDEX shipments_by_document ON shipments (document);
