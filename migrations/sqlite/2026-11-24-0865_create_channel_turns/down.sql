DROP TABLE channel_turns;
