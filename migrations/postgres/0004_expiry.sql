-- How long a task is kept after its end; NULL = for ever, as were all before.
ALTER TABLE tasks ADD COLUMN keep_ms BIGINT;
CREATE INDEX tasks_expiring ON tasks (expires_at, id) WHERE expires_at IS NOT NULL;

-- What is left of a task whose time is over, for a while: enough to tell who asks for it.
CREATE TABLE tombstones (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner        TEXT,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    finished_at  BIGINT NOT NULL,
    expired_at   BIGINT NOT NULL,
    forget_at    BIGINT NOT NULL
);
CREATE INDEX tombstones_forgotten ON tombstones (forget_at);
