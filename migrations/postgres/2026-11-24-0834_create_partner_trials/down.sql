DROP TABLE partner_trials;
