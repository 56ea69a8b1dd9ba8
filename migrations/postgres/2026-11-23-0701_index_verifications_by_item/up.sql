CREATE INDEX verifications_by_item ON verifications (gtin, serial, id);
