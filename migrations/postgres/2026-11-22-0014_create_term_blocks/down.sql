DROP TABLE term_blocks;
