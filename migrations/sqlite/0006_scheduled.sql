-- Tasks that wait for their start time are counted apart from those that may start.
DROP INDEX tasks_waiting;
CREATE INDEX tasks_waiting ON tasks (coalesce(owner, client, ''), run_at) WHERE status = 'queued';
DROP INDEX tasks_waiting_of_client;
CREATE INDEX tasks_waiting_of_client ON tasks (client, run_at) WHERE status = 'queued' AND client IS NOT NULL;
