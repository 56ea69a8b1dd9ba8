DROP TABLE partner_certificates;
