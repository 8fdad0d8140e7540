-- Users who sign in with a password (`auth.mode = "password"`), and their browsers that are signed in.
CREATE TABLE users (
    name           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Argon2id in the PHC string format.
    password_hash  TEXT COLLATE "C" NOT NULL,
    created_at     BIGINT           NOT NULL,
    disabled_at    BIGINT
);

-- The id in the cookie is not stored, only its SHA-256.
CREATE TABLE user_sessions (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash          TEXT COLLATE "C" NOT NULL UNIQUE,
    user_name     TEXT COLLATE "C" NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    -- What the browser calls itself, in a few words.
    browser       TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT           NOT NULL,
    last_used_at  BIGINT           NOT NULL,
    -- Later with each use, until the longest lifetime is over.
    expires_at    BIGINT           NOT NULL
);
CREATE INDEX user_sessions_of_user ON user_sessions (user_name, created_at);
CREATE INDEX user_sessions_expiring ON user_sessions (expires_at);
