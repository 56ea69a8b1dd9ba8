CREATE UNIQUE INDEX partner_invitations_by_digest ON partner_invitations (digest);
