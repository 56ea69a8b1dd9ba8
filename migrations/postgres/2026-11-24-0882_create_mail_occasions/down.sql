DROP TABLE mail_occasions;
