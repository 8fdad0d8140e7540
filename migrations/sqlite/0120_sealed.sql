-- Secrets of an input, sealed: apart from it, so that they can be dropped when the task has ended.
ALTER TABLE tasks ADD COLUMN sealed TEXT;

-- Commands had them in their inputs.
UPDATE tasks SET sealed = CASE WHEN finished_at IS NULL THEN json_extract(input, '$.sealed') END,
    input = json_remove(input, '$.sealed')
    WHERE input LIKE '{"definition":"%' AND json_valid(input) AND json_type(input, '$.sealed') = 'text';

-- They count as a part of the input.
UPDATE task_bytes SET input =
    (SELECT 1024 + octet_length(input) + coalesce(octet_length(sealed), 0) FROM tasks WHERE id = task_id);
DROP TRIGGER bytes_of_new_task;
CREATE TRIGGER bytes_of_new_task AFTER INSERT ON tasks BEGIN
    INSERT INTO task_bytes (task_id, account, client, input)
        VALUES (new.id, coalesce(new.owner, new.client, ''), new.client,
            1024 + octet_length(new.input) + coalesce(octet_length(new.sealed), 0));
END;
CREATE TRIGGER bytes_of_dropped_secrets AFTER UPDATE OF sealed ON tasks
    WHEN old.sealed IS NOT NULL AND new.sealed IS NULL BEGIN
    UPDATE task_bytes SET input = input - octet_length(old.sealed) WHERE task_id = new.id;
END;
