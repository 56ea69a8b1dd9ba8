DROP TABLE partner_identifiers;
