-- One row is one task: its status and its delivery, so that there is nothing to reconcile.
-- Times are milliseconds since the Unix epoch, by this server's clock and nobody else's.
CREATE FUNCTION milepost_now() RETURNS BIGINT LANGUAGE sql VOLATILE
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT $$;

CREATE TABLE tasks (
    id                   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner                TEXT COLLATE "C",
    kind                 TEXT    NOT NULL,
    title                TEXT    NOT NULL,
    stages               TEXT    NOT NULL,
    unique_key           TEXT,
    status               TEXT    NOT NULL
        CHECK (status IN ('queued', 'running', 'cancelling', 'completed', 'error', 'cancelled')),
    priority             BIGINT NOT NULL DEFAULT 0,
    run_at               BIGINT NOT NULL,
    attempt              BIGINT NOT NULL DEFAULT 0,
    max_attempts         BIGINT NOT NULL,
    run_seq              BIGINT NOT NULL DEFAULT 0,
    lease_owner          TEXT,
    lease_until          BIGINT,
    heartbeat_at         BIGINT,
    cancel_requested_at  BIGINT,
    cancel_requested_by  TEXT,
    version              BIGINT NOT NULL,
    progress             DOUBLE PRECISION,
    progress_attempt     BIGINT,
    step                 BIGINT NOT NULL DEFAULT 0,
    message              TEXT,
    error_code           TEXT,
    error_message        TEXT,
    error_retryable      BOOLEAN,
    result_media_type    TEXT,
    result_size          BIGINT,
    created_at           BIGINT NOT NULL,
    started_at           BIGINT,
    updated_at           BIGINT NOT NULL,
    finished_at          BIGINT,
    expires_at           BIGINT,
    input                TEXT    NOT NULL
);

-- The fair order of the queue: from owner to owner, and within each by priority and age.
CREATE INDEX tasks_queued ON tasks (kind, (coalesce(owner, '')), priority DESC, run_at, id)
    WHERE status = 'queued';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE status IN ('running', 'cancelling');
CREATE INDEX tasks_listed ON tasks (owner, created_at DESC, id DESC);
CREATE INDEX tasks_by_key ON tasks (kind, unique_key, owner, created_at DESC, id DESC)
    WHERE unique_key IS NOT NULL;
CREATE INDEX tasks_waiting ON tasks ((coalesce(owner, ''))) WHERE status = 'queued';
-- The same work of one owner is never under way twice. A task that is being cancelled is not in the
-- way of the next.
CREATE UNIQUE INDEX tasks_under_way ON tasks (kind, unique_key, (coalesce(owner, '')))
    WHERE unique_key IS NOT NULL AND status IN ('queued', 'running');

-- Where a start with an idempotency key led: to a new task, or to one that was under way.
CREATE TABLE starts (
    owner_or_none  TEXT NOT NULL,
    key            TEXT NOT NULL,
    print          TEXT NOT NULL,
    task_id        TEXT COLLATE "C" NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (owner_or_none, key)
);
CREATE INDEX starts_of_task ON starts (task_id);

CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    value  BYTEA NOT NULL
);

CREATE TABLE results (
    task_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    media_type  TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    bytes       BYTEA NOT NULL
);

CREATE TABLE checkpoints (
    task_id   TEXT COLLATE "C" NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    saved_at  BIGINT NOT NULL,
    PRIMARY KEY (task_id, key)
);

CREATE TABLE log_lines (
    task_id  TEXT COLLATE "C" NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    text     TEXT    NOT NULL,
    PRIMARY KEY (task_id, seq)
);
