-- Secrets of an input, sealed: apart from it, so that they can be dropped when the task has ended.
ALTER TABLE tasks ADD COLUMN sealed TEXT;

-- Commands had them in their inputs.
UPDATE tasks SET sealed = CASE WHEN finished_at IS NULL THEN substring(input FROM ',"sealed":"([A-Za-z0-9+/=]*)"\}$') END,
    input = regexp_replace(input, ',"sealed":"[A-Za-z0-9+/=]*"\}$', '}')
    WHERE input LIKE '{"definition":"%' AND input ~ ',"sealed":"[A-Za-z0-9+/=]*"\}$';

-- They count as a part of the input.
UPDATE task_bytes SET input = 1024 + octet_length(tasks.input) + coalesce(octet_length(tasks.sealed), 0)
    FROM tasks WHERE tasks.id = task_bytes.task_id;
CREATE OR REPLACE FUNCTION milepost_bytes_of_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO task_bytes (task_id, account, client, input)
        VALUES (new.id, coalesce(new.owner, new.client, ''), new.client,
            1024 + octet_length(new.input) + coalesce(octet_length(new.sealed), 0));
    RETURN NULL;
END $$;
CREATE FUNCTION milepost_bytes_of_dropped_secrets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_bytes SET input = input - octet_length(old.sealed) WHERE task_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_dropped_secrets AFTER UPDATE OF sealed ON tasks
    FOR EACH ROW WHEN (old.sealed IS NOT NULL AND new.sealed IS NULL)
    EXECUTE FUNCTION milepost_bytes_of_dropped_secrets();
