DROP TABLE verification_settlements;
