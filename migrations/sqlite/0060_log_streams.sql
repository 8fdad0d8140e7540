-- Where a line of a log came from: 0 the task, 1 a command's standard output, 2 its standard error.
ALTER TABLE log_lines ADD COLUMN stream INTEGER NOT NULL DEFAULT 0;
