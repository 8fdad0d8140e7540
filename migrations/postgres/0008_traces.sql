-- The trace that the start of a task belongs to, and the span of its last run that returned it to the queue, as the
-- header `traceparent` carries them; NULL: none.
ALTER TABLE tasks ADD COLUMN traceparent TEXT;
ALTER TABLE tasks ADD COLUMN run_traceparent TEXT;
