-- Links by which a task or a batch is shared. The token in a link is not stored, only its SHA-256.
CREATE TABLE shares (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash        TEXT COLLATE "C" NOT NULL UNIQUE,
    task_id     TEXT COLLATE "C" REFERENCES tasks (id) ON DELETE CASCADE,
    -- No reference: a batch has no row of its own. Removed with its last task.
    batch_id    TEXT COLLATE "C",
    -- Whether who has the link may cancel.
    may_cancel  BOOLEAN          NOT NULL,
    created_by  TEXT COLLATE "C",
    created_at  BIGINT           NOT NULL,
    expires_at  BIGINT           NOT NULL,
    CHECK ((task_id IS NULL) <> (batch_id IS NULL))
);
CREATE INDEX shares_of_task ON shares (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX shares_of_batch ON shares (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX shares_expiring ON shares (expires_at);
