-- Tasks that were started together, and the place of each among them.
ALTER TABLE tasks ADD COLUMN batch_id TEXT;
ALTER TABLE tasks ADD COLUMN batch_index INTEGER;
CREATE INDEX tasks_of_batch ON tasks (batch_id, batch_index) WHERE batch_id IS NOT NULL;
