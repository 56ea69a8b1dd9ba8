CREATE INDEX shipment_roots_by_root ON shipment_roots (root);
