DROP TABLE partner_states;
