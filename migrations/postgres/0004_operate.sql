-- Tags and note of a task, as JSON; a task without either has no row.
CREATE TABLE task_labels (
    task_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    labels   TEXT NOT NULL
);

-- The same tags, by which lists are filtered; `owner` and `created_at` are those of the task.
CREATE TABLE task_tags (
    task_id     TEXT COLLATE "C" NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    tag         TEXT COLLATE "C" NOT NULL,
    owner       TEXT COLLATE "C",
    created_at  BIGINT           NOT NULL,
    PRIMARY KEY (task_id, tag)
);
CREATE INDEX task_tags_listed ON task_tags (owner, tag, created_at DESC, task_id DESC) WHERE owner IS NOT NULL;

CREATE FUNCTION milepost_owner_of_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE task_tags SET owner = new.owner WHERE task_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER owner_of_tags AFTER UPDATE OF owner ON tasks
    FOR EACH ROW WHEN (old.owner IS DISTINCT FROM new.owner) EXECUTE FUNCTION milepost_owner_of_tags();

-- Kinds and workers that take no more tasks.
CREATE TABLE pauses (
    scope      TEXT             NOT NULL CHECK (scope IN ('kind', 'worker')),
    name       TEXT COLLATE "C" NOT NULL,
    paused_at  BIGINT           NOT NULL,
    PRIMARY KEY (scope, name)
);

-- The processes that run tasks, as each reports with its heartbeat.
CREATE TABLE workers (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT             NOT NULL,
    version      TEXT             NOT NULL,
    started_at   BIGINT           NOT NULL,
    seen_at      BIGINT           NOT NULL,
    concurrency  BIGINT           NOT NULL
);
CREATE INDEX workers_seen ON workers (seen_at);

-- Tasks that were started, and that ended with each status, by the hour (counted from 1970).
CREATE TABLE hour_counts (
    hour   BIGINT           NOT NULL,
    kind   TEXT COLLATE "C" NOT NULL,
    event  TEXT COLLATE "C" NOT NULL CHECK (event IN ('started', 'completed', 'error', 'cancelled')),
    tasks  BIGINT           NOT NULL,
    PRIMARY KEY (hour, kind, event)
);

-- Lists of the tasks of all owners, newest first.
CREATE INDEX tasks_of_all ON tasks (created_at DESC, id DESC);
