-- Tokens of users for programs. The token itself is not stored, only its SHA-256.
CREATE TABLE tokens (
    id            TEXT    NOT NULL PRIMARY KEY,
    hash          TEXT    NOT NULL UNIQUE,
    owner         TEXT    NOT NULL,
    -- JSON lists.
    user_groups   TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    scopes        TEXT    NOT NULL,
    kinds         TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    last_used_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_of_owner ON tokens (owner, created_at);

-- When a task was deleted by its owner; NULL: it expired.
ALTER TABLE tombstones ADD COLUMN deleted_at INTEGER;
