DROP TABLE shipment_roots;
