CREATE INDEX open_holds_by_product ON holds (gtin) WHERE released_at IS NULL;
