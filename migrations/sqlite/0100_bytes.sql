-- How many bytes each task has in the database. Kept up to date by triggers, in the transaction that changes them, and gone with
-- the task: what an owner, a client and all have is their sum. A row counts as 1,024 bytes and a line of a log as 32, beside
-- what is in them.
CREATE TABLE task_bytes (
    task_id      TEXT    NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    -- The owner, else the client.
    account      TEXT    NOT NULL,
    client       TEXT,
    input        INTEGER NOT NULL,
    log          INTEGER NOT NULL DEFAULT 0,
    checkpoints  INTEGER NOT NULL DEFAULT 0,
    result       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX task_bytes_of_account ON task_bytes (account);
CREATE INDEX task_bytes_of_client ON task_bytes (client) WHERE client IS NOT NULL;

INSERT INTO task_bytes (task_id, account, client, input, log, checkpoints, result)
    SELECT id, coalesce(owner, client, ''), client, 1024 + octet_length(input),
        (SELECT coalesce(sum(32 + octet_length(text)), 0) FROM log_lines WHERE task_id = tasks.id),
        (SELECT coalesce(sum(octet_length(value)), 0) FROM checkpoints WHERE task_id = tasks.id),
        (SELECT coalesce(sum(octet_length(bytes)), 0) FROM results WHERE task_id = tasks.id)
    FROM tasks;

CREATE TRIGGER bytes_of_new_task AFTER INSERT ON tasks BEGIN
    INSERT INTO task_bytes (task_id, account, client, input)
        VALUES (new.id, coalesce(new.owner, new.client, ''), new.client, 1024 + octet_length(new.input));
END;

CREATE TRIGGER bytes_of_new_line AFTER INSERT ON log_lines BEGIN
    UPDATE task_bytes SET log = log + 32 + octet_length(new.text) WHERE task_id = new.task_id;
END;
CREATE TRIGGER bytes_of_old_line AFTER DELETE ON log_lines BEGIN
    UPDATE task_bytes SET log = log - 32 - octet_length(old.text) WHERE task_id = old.task_id;
END;

CREATE TRIGGER bytes_of_new_checkpoint AFTER INSERT ON checkpoints BEGIN
    UPDATE task_bytes SET checkpoints = checkpoints + octet_length(new.value) WHERE task_id = new.task_id;
END;
CREATE TRIGGER bytes_of_next_checkpoint AFTER UPDATE OF value ON checkpoints BEGIN
    UPDATE task_bytes SET checkpoints = checkpoints + octet_length(new.value) - octet_length(old.value)
        WHERE task_id = new.task_id;
END;
CREATE TRIGGER bytes_of_old_checkpoint AFTER DELETE ON checkpoints BEGIN
    UPDATE task_bytes SET checkpoints = checkpoints - octet_length(old.value) WHERE task_id = old.task_id;
END;

CREATE TRIGGER bytes_of_new_result AFTER INSERT ON results BEGIN
    UPDATE task_bytes SET result = octet_length(new.bytes) WHERE task_id = new.task_id;
END;
CREATE TRIGGER bytes_of_next_result AFTER UPDATE OF bytes ON results BEGIN
    UPDATE task_bytes SET result = octet_length(new.bytes) WHERE task_id = new.task_id;
END;
