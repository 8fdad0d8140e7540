-- Who did what. A row is written in the transaction of its action, or by itself where there is none.
CREATE TABLE audit (
    id       INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    -- The name of a user, another owner id, or `anonymous`.
    who      TEXT    NOT NULL,
    -- What identified them: `password`, `token`, `proxy`, …
    how      TEXT    NOT NULL,
    address  TEXT,
    action   TEXT    NOT NULL,
    -- The id of a task, a batch, an upload or a token, or the name of a user, a kind or a worker.
    subject  TEXT,
    outcome  TEXT    NOT NULL,
    detail   TEXT
) STRICT;
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_of_who ON audit (who, at, id);
CREATE INDEX audit_of_action ON audit (action, at, id);
CREATE INDEX audit_of_subject ON audit (subject, at, id) WHERE subject IS NOT NULL;
