-- How fast a task moves, for servers that do not run it; and how long stages took, for estimates.
ALTER TABLE tasks ADD COLUMN rate REAL NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN ends_at INTEGER;
ALTER TABLE tasks ADD COLUMN ends_low_at INTEGER;
ALTER TABLE tasks ADD COLUMN ends_high_at INTEGER;

CREATE TABLE stage_times (
    kind     TEXT    NOT NULL,
    stage    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    task_id  TEXT    NOT NULL,
    ms       INTEGER NOT NULL,
    PRIMARY KEY (kind, stage, at, task_id)
) STRICT, WITHOUT ROWID;
