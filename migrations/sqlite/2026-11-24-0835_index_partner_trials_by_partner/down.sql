DROP INDEX partner_trials_by_partner;
