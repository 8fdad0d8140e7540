-- The whole schema. Times are milliseconds since the Unix epoch.
--
-- One row of `tasks` is one task: its status and its delivery, so that nothing has to be reconciled.
CREATE TABLE tasks (
    id                      TEXT    NOT NULL PRIMARY KEY,
    owner                   TEXT,
    -- Where it was started from: a keyed hash of the client address; NULL where it is not known.
    client                  TEXT,
    kind                    TEXT    NOT NULL,
    title                   TEXT    NOT NULL,
    -- The title as searches compare it: without case, in one normal form.
    search_title            TEXT    NOT NULL DEFAULT '',
    stages                  TEXT    NOT NULL,
    unique_key              TEXT,
    -- By what the simple calls find the newest task of a kind, such as a story's subject.
    lookup_key              TEXT,
    -- Tasks that were started together, and the position of each among them.
    batch_id                TEXT,
    batch_index             INTEGER,

    status                  TEXT    NOT NULL
        CHECK (status IN ('queued', 'running', 'cancelling', 'completed', 'error', 'cancelled')),
    priority                INTEGER NOT NULL DEFAULT 0,
    run_at                  INTEGER NOT NULL,
    attempt                 INTEGER NOT NULL DEFAULT 0,
    max_attempts            INTEGER NOT NULL,
    run_seq                 INTEGER NOT NULL DEFAULT 0,
    lease_owner             TEXT,
    lease_until             INTEGER,
    heartbeat_at            INTEGER,

    -- Grows with every visible change.
    version                 INTEGER NOT NULL,
    -- The version of the last output: a message, or lines of the log.
    output_version          INTEGER NOT NULL DEFAULT 0,
    progress                REAL,
    progress_attempt        INTEGER,
    step                    INTEGER NOT NULL DEFAULT 0,
    message                 TEXT,
    -- How fast it moves, for servers that do not run it.
    rate                    REAL    NOT NULL DEFAULT 0,
    ends_at                 INTEGER,
    ends_low_at             INTEGER,
    ends_high_at            INTEGER,

    error_code              TEXT,
    error_message           TEXT,
    error_retryable         INTEGER,
    result_media_type       TEXT,
    result_size             INTEGER,

    created_at              INTEGER NOT NULL,
    started_at              INTEGER,
    updated_at              INTEGER NOT NULL,
    finished_at             INTEGER,
    -- How long it is kept after its end; NULL = forever.
    keep_ms                 INTEGER,
    expires_at              INTEGER,

    -- What became of a cancel request, and what of the work was preserved.
    cancel_requested_at     INTEGER,
    cancel_requested_by     TEXT,
    cancel_delivered_at     INTEGER,
    cancel_acknowledged_at  INTEGER,
    cancel_outcome          TEXT,
    preserved               TEXT,
    -- How the present attempt resumed an earlier one.
    resumed_at              INTEGER,
    resume_reason           TEXT,
    resume_step             INTEGER,
    resume_began_at         INTEGER,
    resume_checkpoint_at    INTEGER,
    resume_seen_at          INTEGER,

    -- Secrets of the input, sealed: apart from it, so that the write that ends the task drops them.
    sealed                  TEXT,
    -- Last, because it may be large: the columns before it are read without it.
    input                   TEXT    NOT NULL
) STRICT;

-- The account of a task or a file is its owner, else its client: turns and limits are counted by it.
-- The fair order of the queue: from account to account, and within each by priority and age.
CREATE INDEX tasks_queued ON tasks (kind, coalesce(owner, client, ''), priority DESC, run_at, id)
    WHERE status = 'queued';
CREATE INDEX tasks_waiting ON tasks (coalesce(owner, client, '')) WHERE status = 'queued';
CREATE INDEX tasks_waiting_of_client ON tasks (client) WHERE status = 'queued' AND client IS NOT NULL;
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE status IN ('running', 'cancelling');
-- Lists of an owner, newest first. A search by words reads only the index.
CREATE INDEX tasks_listed ON tasks (owner, created_at DESC, id DESC, search_title) WHERE owner IS NOT NULL;
CREATE INDEX tasks_by_status ON tasks (owner, status, created_at DESC, id DESC) WHERE owner IS NOT NULL;
CREATE INDEX tasks_by_kind ON tasks (owner, kind, created_at DESC, id DESC) WHERE owner IS NOT NULL;
CREATE INDEX tasks_by_lookup_key
    ON tasks (kind, lookup_key, coalesce(owner, client, ''), created_at DESC, id DESC)
    WHERE lookup_key IS NOT NULL;
CREATE INDEX tasks_of_batch ON tasks (batch_id, batch_index) WHERE batch_id IS NOT NULL;
CREATE INDEX tasks_of_batch_by_status ON tasks (batch_id, status, batch_index) WHERE batch_id IS NOT NULL;
CREATE INDEX tasks_batched ON tasks (owner, batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX tasks_expiring ON tasks (expires_at, id) WHERE expires_at IS NOT NULL;
-- The same work of one owner is never queued or running twice. A task that is being cancelled does
-- not prevent the next.
CREATE UNIQUE INDEX tasks_under_way ON tasks (kind, unique_key, ifnull(owner, ''))
    WHERE unique_key IS NOT NULL AND status IN ('queued', 'running');

-- Where a start with an idempotency key led: to a new task, or to one that was already queued or running.
CREATE TABLE starts (
    owner_or_none  TEXT NOT NULL,
    key            TEXT NOT NULL,
    request_hash   TEXT NOT NULL,
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
    -- Where the line came from: 0 the task, 1 a command's standard output, 2 its standard error.
    stream   INTEGER NOT NULL DEFAULT 0,
    text     TEXT    NOT NULL,
    PRIMARY KEY (task_id, seq)
) STRICT, WITHOUT ROWID;

-- What is left of an expired task, for a while: enough to tell its owner what it was.
CREATE TABLE tombstones (
    id           TEXT    NOT NULL PRIMARY KEY,
    owner        TEXT,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    finished_at  INTEGER NOT NULL,
    expired_at   INTEGER NOT NULL,
    prune_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_due ON tombstones (prune_at);

-- How long stages took, for estimates of the next run.
CREATE TABLE stage_times (
    kind     TEXT    NOT NULL,
    stage    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    task_id  TEXT    NOT NULL,
    ms       INTEGER NOT NULL,
    PRIMARY KEY (kind, stage, at, task_id)
) STRICT, WITHOUT ROWID;

-- Files that tasks made, and uploads that were given to them. The bytes are in the object store under the row's id. The
-- row is written before the first byte and removed after the last: there are no bytes without a row.
--   pending  the bytes are being written; a writer that is silent until due_at is lost
--   ready    the bytes are complete; due_at says when an upload is removed unless a task uses it
--   deleted  the bytes are removed at due_at, and then the row
CREATE TABLE artifacts (
    id          TEXT    NOT NULL PRIMARY KEY,
    -- The task that made it; NULL: an upload. No reference: the row outlives the task until the bytes are gone.
    task_id     TEXT,
    run_seq     INTEGER,
    owner       TEXT,
    client      TEXT,
    name        TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'ready', 'deleted')),
    size        INTEGER NOT NULL DEFAULT 0,
    sha256      TEXT,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX artifacts_named ON artifacts (task_id, name) WHERE state = 'ready';
CREATE INDEX artifacts_of_task ON artifacts (task_id, name) WHERE task_id IS NOT NULL;
CREATE INDEX artifacts_of_account ON artifacts (coalesce(owner, client, ''));
CREATE INDEX artifacts_of_client ON artifacts (client) WHERE client IS NOT NULL;
CREATE INDEX artifacts_due ON artifacts (due_at, id) WHERE due_at IS NOT NULL;

-- Which tasks were started with which uploads.
CREATE TABLE upload_uses (
    upload_id  TEXT NOT NULL,
    task_id    TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (upload_id, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_uses_of_task ON upload_uses (task_id);

-- How many bytes each task has in the database. Triggers keep it up to date, in the transaction that changes them: what an
-- owner, a client and all have is the sum. A row counts as 1,024 bytes and a line of a log as 32, beside their contents; sealed secrets count as input.
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

CREATE TRIGGER bytes_of_new_task AFTER INSERT ON tasks BEGIN
    INSERT INTO task_bytes (task_id, account, client, input)
        VALUES (new.id, coalesce(new.owner, new.client, ''), new.client, 1024 + octet_length(new.input) + coalesce(octet_length(new.sealed), 0));
END;

CREATE TRIGGER bytes_of_dropped_secrets AFTER UPDATE OF sealed ON tasks
    WHEN old.sealed IS NOT NULL AND new.sealed IS NULL BEGIN
    UPDATE task_bytes SET input = input - octet_length(old.sealed) WHERE task_id = new.id;
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

-- What was spent of each daily budget: in all (scope ''), by each owner ('o:…') and from each client address ('c:…'). A
-- day is one of UTC, counted from 1970.
CREATE TABLE daily_spending (
    name   TEXT    NOT NULL,
    day    INTEGER NOT NULL,
    scope  TEXT    NOT NULL,
    spent  INTEGER NOT NULL,
    PRIMARY KEY (name, day, scope)
) STRICT, WITHOUT ROWID;

-- Runs of the kinds that have a rate, by the part of its period in which they began: of the kind (scope '') and of each
-- account ('a:…'). Removed once they have left the window.
CREATE TABLE run_counts (
    kind      TEXT    NOT NULL,
    scope     TEXT    NOT NULL,
    began_at  INTEGER NOT NULL,
    runs      INTEGER NOT NULL,
    PRIMARY KEY (kind, scope, began_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_counts_due ON run_counts (began_at);
