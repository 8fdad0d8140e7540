-- How many bytes each task has in the database. Kept up to date by triggers, in the transaction that changes them, and gone with
-- the task: what an owner, a client and all have is their sum. A row counts as 1,024 bytes and a line of a log as 32, beside
-- what is in them.
CREATE TABLE task_bytes (
    task_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    -- The owner, else the client.
    account      TEXT COLLATE "C" NOT NULL,
    client       TEXT COLLATE "C",
    input        BIGINT NOT NULL,
    log          BIGINT NOT NULL DEFAULT 0,
    checkpoints  BIGINT NOT NULL DEFAULT 0,
    result       BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX task_bytes_of_account ON task_bytes (account);
CREATE INDEX task_bytes_of_client ON task_bytes (client) WHERE client IS NOT NULL;

INSERT INTO task_bytes (task_id, account, client, input, log, checkpoints, result)
    SELECT id, coalesce(owner, client, ''), client, 1024 + octet_length(input),
        (SELECT coalesce(sum(32 + octet_length(text)), 0) FROM log_lines WHERE task_id = tasks.id),
        (SELECT coalesce(sum(octet_length(value)), 0) FROM checkpoints WHERE task_id = tasks.id),
        (SELECT coalesce(sum(octet_length(bytes)), 0) FROM results WHERE task_id = tasks.id)
    FROM tasks;

CREATE FUNCTION milepost_bytes_of_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO task_bytes (task_id, account, client, input)
        VALUES (new.id, coalesce(new.owner, new.client, ''), new.client, 1024 + octet_length(new.input));
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_new_task AFTER INSERT ON tasks
    FOR EACH ROW EXECUTE FUNCTION milepost_bytes_of_task();

-- Once a statement: a run may write thousands of lines at once.
CREATE FUNCTION milepost_bytes_of_new_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_bytes SET log = task_bytes.log + lines.bytes
        FROM (SELECT task_id, sum(32 + octet_length(text))::BIGINT AS bytes FROM changed GROUP BY task_id) AS lines
        WHERE task_bytes.task_id = lines.task_id;
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_new_lines AFTER INSERT ON log_lines REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION milepost_bytes_of_new_lines();

CREATE FUNCTION milepost_bytes_of_old_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_bytes SET log = task_bytes.log - lines.bytes
        FROM (SELECT task_id, sum(32 + octet_length(text))::BIGINT AS bytes FROM changed GROUP BY task_id) AS lines
        WHERE task_bytes.task_id = lines.task_id;
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_old_lines AFTER DELETE ON log_lines REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION milepost_bytes_of_old_lines();

CREATE FUNCTION milepost_bytes_of_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more BIGINT := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN more := octet_length(new.value); END IF;
    IF TG_OP <> 'INSERT' THEN more := more - octet_length(old.value); END IF;
    UPDATE task_bytes SET checkpoints = checkpoints + more WHERE task_id = coalesce(new.task_id, old.task_id);
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_checkpoint AFTER INSERT OR UPDATE OR DELETE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION milepost_bytes_of_checkpoint();

CREATE FUNCTION milepost_bytes_of_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_bytes SET result = octet_length(new.bytes) WHERE task_id = new.task_id;
    RETURN NULL;
END $$;
CREATE TRIGGER bytes_of_result AFTER INSERT OR UPDATE ON results
    FOR EACH ROW EXECUTE FUNCTION milepost_bytes_of_result();
