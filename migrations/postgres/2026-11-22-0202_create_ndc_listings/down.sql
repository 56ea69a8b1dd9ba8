DROP TABLE ndc_listings;
