-- One row is one task: its status and its delivery, so that there is nothing to reconcile.
-- Times are milliseconds since the Unix epoch.
CREATE TABLE tasks (
    id                   TEXT    NOT NULL PRIMARY KEY,
    owner                TEXT,
    kind                 TEXT    NOT NULL,
    title                TEXT    NOT NULL,
    stages               TEXT    NOT NULL,
    unique_key           TEXT,
    status               TEXT    NOT NULL
        CHECK (status IN ('queued', 'running', 'cancelling', 'completed', 'error', 'cancelled')),
    priority             INTEGER NOT NULL DEFAULT 0,
    run_at               INTEGER NOT NULL,
    attempt              INTEGER NOT NULL DEFAULT 0,
    max_attempts         INTEGER NOT NULL,
    run_seq              INTEGER NOT NULL DEFAULT 0,
    lease_owner          TEXT,
    lease_until          INTEGER,
    heartbeat_at         INTEGER,
    cancel_requested_at  INTEGER,
    cancel_requested_by  TEXT,
    version              INTEGER NOT NULL,
    progress             REAL,
    progress_attempt     INTEGER,
    step                 INTEGER NOT NULL DEFAULT 0,
    message              TEXT,
    error_code           TEXT,
    error_message        TEXT,
    error_retryable      INTEGER,
    result_media_type    TEXT,
    result_size          INTEGER,
    created_at           INTEGER NOT NULL,
    started_at           INTEGER,
    updated_at           INTEGER NOT NULL,
    finished_at          INTEGER,
    expires_at           INTEGER,
    -- Last, because it may be large: what comes before it is read without it.
    input                TEXT    NOT NULL
) STRICT;

CREATE INDEX tasks_queued ON tasks (kind, priority DESC, run_at) WHERE status = 'queued';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE status IN ('running', 'cancelling');
CREATE INDEX tasks_listed ON tasks (owner, created_at DESC, id DESC);
CREATE INDEX tasks_by_key ON tasks (kind, unique_key, owner, created_at DESC, id DESC)
    WHERE unique_key IS NOT NULL;
CREATE INDEX tasks_waiting ON tasks (ifnull(owner, '')) WHERE status = 'queued';
-- The same work of one owner is never under way twice. A task that is being cancelled is not in the
-- way of the next.
CREATE UNIQUE INDEX tasks_under_way ON tasks (kind, unique_key, ifnull(owner, ''))
    WHERE unique_key IS NOT NULL AND status IN ('queued', 'running');

-- Where a start with an idempotency key led: to a new task, or to one that was under way.
CREATE TABLE starts (
    owner_or_none  TEXT NOT NULL,
    key            TEXT NOT NULL,
    print          TEXT NOT NULL,
    task_id        TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (owner_or_none, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX starts_of_task ON starts (task_id);

CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    value  BLOB NOT NULL
) STRICT;

CREATE TABLE results (
    task_id     TEXT NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    media_type  TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    bytes       BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoints (
    task_id   TEXT    NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    saved_at  INTEGER NOT NULL,
    PRIMARY KEY (task_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_lines (
    task_id  TEXT    NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    text     TEXT    NOT NULL,
    PRIMARY KEY (task_id, seq)
) STRICT, WITHOUT ROWID;
