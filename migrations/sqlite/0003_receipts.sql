-- What became of a wish to cancel, and how a run took up what an earlier one had done. Behind the
-- input, which costs little: they are empty for all but the tasks that were stopped or run again.
ALTER TABLE tasks ADD COLUMN cancel_delivered_at INTEGER;
ALTER TABLE tasks ADD COLUMN cancel_acknowledged_at INTEGER;
ALTER TABLE tasks ADD COLUMN cancel_outcome TEXT;
ALTER TABLE tasks ADD COLUMN kept TEXT;
ALTER TABLE tasks ADD COLUMN resumed_at INTEGER;
ALTER TABLE tasks ADD COLUMN resume_reason TEXT;
ALTER TABLE tasks ADD COLUMN resume_step INTEGER;
ALTER TABLE tasks ADD COLUMN resume_began_at INTEGER;
ALTER TABLE tasks ADD COLUMN resume_checkpoint_at INTEGER;
ALTER TABLE tasks ADD COLUMN resume_seen_at INTEGER;
