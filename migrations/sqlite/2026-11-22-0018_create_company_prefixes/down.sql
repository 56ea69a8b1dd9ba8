DROP TABLE company_prefixes;
