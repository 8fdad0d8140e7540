-- What is finished so far of a running task, in pieces. A piece begins (in bytes) where those before it end;
-- versions are those of the task and grow along the pieces.
CREATE TABLE previews (
    task_id     TEXT    NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    start       INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    media_type  TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    PRIMARY KEY (task_id, start)
) STRICT, WITHOUT ROWID;

-- The result takes its place, whichever statement ends the task.
CREATE TRIGGER preview_of_ended_task AFTER UPDATE OF status ON tasks
    WHEN new.status IN ('completed', 'error', 'cancelled') BEGIN
    DELETE FROM previews WHERE task_id = new.id;
END;
