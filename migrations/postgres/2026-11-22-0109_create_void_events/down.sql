DROP TABLE void_events;
