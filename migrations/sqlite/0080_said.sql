-- The version with which a run last said something, for servers that do not run it.
ALTER TABLE tasks ADD COLUMN output_version INTEGER NOT NULL DEFAULT 0;
