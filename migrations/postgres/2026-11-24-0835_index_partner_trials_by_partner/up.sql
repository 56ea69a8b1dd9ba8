CREATE INDEX partner_trials_by_partner ON partner_trials (partner, id);
