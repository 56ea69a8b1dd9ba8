CREATE INDEX partner_identifiers_by_partner ON partner_identifiers (partner);
