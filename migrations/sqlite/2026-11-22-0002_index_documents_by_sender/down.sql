DROP INDEX documents_by_sender;
