DROP INDEX channels_due;
