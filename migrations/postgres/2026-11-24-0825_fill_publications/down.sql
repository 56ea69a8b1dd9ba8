DELETE FROM publications;
