CREATE INDEX partner_invitations_by_partner ON partner_invitations (partner, id);
