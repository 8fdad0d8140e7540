-- Users who sign in with a password (`auth.mode = "password"`), and their browsers that are signed in.
CREATE TABLE users (
    name           TEXT    NOT NULL PRIMARY KEY,
    -- Argon2id in the PHC string format.
    password_hash  TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    disabled_at    INTEGER
) STRICT, WITHOUT ROWID;

-- The id in the cookie is not stored, only its SHA-256.
CREATE TABLE user_sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    hash          TEXT    NOT NULL UNIQUE,
    user_name     TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    -- What the browser calls itself, in a few words.
    browser       TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    -- Later with each use, until the longest lifetime is over.
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_sessions_of_user ON user_sessions (user_name, created_at);
CREATE INDEX user_sessions_expiring ON user_sessions (expires_at);
