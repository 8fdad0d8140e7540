-- Files that tasks made and files that were given to them. The bytes are in the object store under the row's id. A row
-- is there before the first byte and after the last: bytes without a row there are none.
--   pending  somebody writes the bytes; a writer that is not heard of until due_at is lost
--   ready    the bytes are whole; due_at says when an upload is removed unless a task uses it
--   deleted   the bytes are removed at due_at, and then the row
CREATE TABLE artifacts (
    id          TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    -- Of the task that made it; NULL: an upload. No reference: the row is there until the bytes are gone.
    task_id     TEXT COLLATE "C",
    run_seq     BIGINT,
    owner       TEXT COLLATE "C",
    name        TEXT COLLATE "C"    NOT NULL,
    media_type  TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'ready', 'deleted')),
    size        BIGINT  NOT NULL DEFAULT 0,
    sha256      TEXT,
    created_at  BIGINT NOT NULL,
    due_at      BIGINT
);
CREATE UNIQUE INDEX artifacts_named ON artifacts (task_id, name) WHERE state = 'ready';
CREATE INDEX artifacts_of_task ON artifacts (task_id, name) WHERE task_id IS NOT NULL;
CREATE INDEX artifacts_of_owner ON artifacts (coalesce(owner, ''));
CREATE INDEX artifacts_due ON artifacts (due_at, id) WHERE due_at IS NOT NULL;

-- Which tasks were started with which uploads.
CREATE TABLE upload_uses (
    upload_id  TEXT COLLATE "C" NOT NULL,
    task_id    TEXT COLLATE "C" NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (upload_id, task_id)
);
CREATE INDEX upload_uses_of_task ON upload_uses (task_id);
