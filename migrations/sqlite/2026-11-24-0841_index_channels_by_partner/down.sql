DROP INDEX channels_by_partner;
