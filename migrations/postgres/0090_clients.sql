-- From where a task was started and a file was sent: a keyed hash of the client address, NULL where it is not known.
ALTER TABLE tasks ADD COLUMN client TEXT COLLATE "C";
ALTER TABLE artifacts ADD COLUMN client TEXT COLLATE "C";
-- By what the simple calls find the newest task of a kind, such as a story's subject.
ALTER TABLE tasks ADD COLUMN lookup_key TEXT;
UPDATE tasks SET lookup_key = unique_key WHERE unique_key IS NOT NULL;

-- The account of a task or a file is its owner, else its client: turns and limits are counted by it.
DROP INDEX tasks_queued;
DROP INDEX tasks_waiting;
DROP INDEX tasks_by_key;
DROP INDEX artifacts_of_owner;
CREATE INDEX tasks_queued ON tasks (kind, (coalesce(owner, client, '')), priority DESC, run_at, id)
    WHERE status = 'queued';
CREATE INDEX tasks_waiting ON tasks ((coalesce(owner, client, ''))) WHERE status = 'queued';
CREATE INDEX tasks_waiting_of_client ON tasks (client) WHERE status = 'queued' AND client IS NOT NULL;
CREATE INDEX tasks_by_lookup_key ON tasks (kind, lookup_key, (coalesce(owner, client, '')), created_at DESC, id DESC)
    WHERE lookup_key IS NOT NULL;
CREATE INDEX artifacts_of_account ON artifacts ((coalesce(owner, client, '')));
CREATE INDEX artifacts_of_client ON artifacts (client) WHERE client IS NOT NULL;
