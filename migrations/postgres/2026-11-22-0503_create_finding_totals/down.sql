DROP TABLE finding_totals;
