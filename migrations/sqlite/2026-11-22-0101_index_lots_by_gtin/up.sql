CREATE INDEX lots_by_gtin ON lots (gtin, lot);
