-- How long a task is kept after its end; NULL = for ever, as were all before.
ALTER TABLE tasks ADD COLUMN keep_ms INTEGER;
CREATE INDEX tasks_expiring ON tasks (expires_at, id) WHERE expires_at IS NOT NULL;

-- What is left of a task whose time is over, for a while: enough to tell who asks for it.
CREATE TABLE tombstones (
    id           TEXT    NOT NULL PRIMARY KEY,
    owner        TEXT,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    finished_at  INTEGER NOT NULL,
    expired_at   INTEGER NOT NULL,
    forget_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_forgotten ON tombstones (forget_at);
