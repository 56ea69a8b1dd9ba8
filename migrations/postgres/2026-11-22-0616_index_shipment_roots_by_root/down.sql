DROP INDEX shipment_roots_by_root;
