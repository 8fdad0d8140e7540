-- Tags and note of a task, as JSON; a task without either has no row.
CREATE TABLE task_labels (
    task_id  TEXT NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    labels   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The same tags, by which lists are filtered; `owner` and `created_at` are those of the task.
CREATE TABLE task_tags (
    task_id     TEXT    NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    tag         TEXT    NOT NULL,
    owner       TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (task_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_tags_listed ON task_tags (owner, tag, created_at DESC, task_id DESC) WHERE owner IS NOT NULL;

CREATE TRIGGER owner_of_tags AFTER UPDATE OF owner ON tasks WHEN old.owner IS NOT new.owner BEGIN
    UPDATE task_tags SET owner = new.owner WHERE task_id = new.id;
END;

-- Kinds and workers that take no more tasks.
CREATE TABLE pauses (
    scope      TEXT    NOT NULL CHECK (scope IN ('kind', 'worker')),
    name       TEXT    NOT NULL,
    paused_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- The processes that run tasks, as each reports with its heartbeat.
CREATE TABLE workers (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    concurrency  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX workers_seen ON workers (seen_at);

-- Tasks that were started, and that ended with each status, by the hour (counted from 1970).
CREATE TABLE hour_counts (
    hour   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    event  TEXT    NOT NULL CHECK (event IN ('started', 'completed', 'error', 'cancelled')),
    tasks  INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, event)
) STRICT, WITHOUT ROWID;

-- Lists of the tasks of all owners, newest first.
CREATE INDEX tasks_of_all ON tasks (created_at DESC, id DESC);
