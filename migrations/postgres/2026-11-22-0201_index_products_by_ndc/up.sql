CREATE INDEX products_by_ndc ON products (ndc);
