DROP TABLE as2_messages;
