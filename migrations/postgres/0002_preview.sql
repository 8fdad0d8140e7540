-- What is finished so far of a running task, in pieces. A piece begins (in bytes) where those before it end;
-- versions are those of the task and grow along the pieces.
CREATE TABLE previews (
    task_id     TEXT COLLATE "C"    NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    start       BIGINT  NOT NULL,
    version     BIGINT  NOT NULL,
    media_type  TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    PRIMARY KEY (task_id, start)
);

-- The result takes its place, whichever statement ends the task.
CREATE FUNCTION milepost_preview_of_ended_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM previews WHERE task_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER preview_of_ended_task AFTER UPDATE OF status ON tasks
    FOR EACH ROW WHEN (new.status IN ('completed', 'error', 'cancelled'))
    EXECUTE FUNCTION milepost_preview_of_ended_task();
