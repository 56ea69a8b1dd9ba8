-- PostgreSQL alone has row-level security; here the conditions of the queries stand alone.
SELECT 1;
