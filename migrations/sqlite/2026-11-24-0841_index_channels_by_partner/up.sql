CREATE INDEX channels_by_partner ON channels (partner, id);
