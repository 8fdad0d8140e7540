-- How fast a task moves, for servers that do not run it; and how long stages took, for estimates.
ALTER TABLE tasks ADD COLUMN rate DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN ends_at BIGINT;
ALTER TABLE tasks ADD COLUMN ends_low_at BIGINT;
ALTER TABLE tasks ADD COLUMN ends_high_at BIGINT;

CREATE TABLE stage_times (
    kind     TEXT   NOT NULL,
    stage    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    task_id  TEXT COLLATE "C" NOT NULL,
    ms       BIGINT NOT NULL,
    PRIMARY KEY (kind, stage, at, task_id)
);
