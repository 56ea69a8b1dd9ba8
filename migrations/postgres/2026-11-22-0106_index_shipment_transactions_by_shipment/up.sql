CREATE INDEX shipment_transactions_by_shipment ON shipment_transactions (shipment);
