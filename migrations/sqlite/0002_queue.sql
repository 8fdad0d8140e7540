-- The fair order of the queue: from owner to owner, and within each by priority and age.
DROP INDEX tasks_queued;
DROP INDEX tasks_waiting;
CREATE INDEX tasks_queued ON tasks (kind, coalesce(owner, ''), priority DESC, run_at, id)
    WHERE status = 'queued';
CREATE INDEX tasks_waiting ON tasks (coalesce(owner, '')) WHERE status = 'queued';
