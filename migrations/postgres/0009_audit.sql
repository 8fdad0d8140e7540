-- Who did what. A row is written in the transaction of its action, or by itself where there is none.
CREATE TABLE audit (
    id       BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT           NOT NULL,
    -- The name of a user, another owner id, or `anonymous`.
    who      TEXT COLLATE "C" NOT NULL,
    -- What identified them: `password`, `token`, `proxy`, …
    how      TEXT COLLATE "C" NOT NULL,
    address  TEXT COLLATE "C",
    action   TEXT COLLATE "C" NOT NULL,
    -- The id of a task, a batch, an upload or a token, or the name of a user, a kind or a worker.
    subject  TEXT COLLATE "C",
    outcome  TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C"
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_of_who ON audit (who, at, id);
CREATE INDEX audit_of_action ON audit (action, at, id);
CREATE INDEX audit_of_subject ON audit (subject, at, id) WHERE subject IS NOT NULL;
