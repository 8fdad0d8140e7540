-- What became of a wish to cancel, and how a run took up what an earlier one had done.
ALTER TABLE tasks
    ADD COLUMN cancel_delivered_at     BIGINT,
    ADD COLUMN cancel_acknowledged_at  BIGINT,
    ADD COLUMN cancel_outcome          TEXT,
    ADD COLUMN kept                    TEXT,
    ADD COLUMN resumed_at              BIGINT,
    ADD COLUMN resume_reason              TEXT,
    ADD COLUMN resume_step             BIGINT,
    ADD COLUMN resume_began_at         BIGINT,
    ADD COLUMN resume_checkpoint_at         BIGINT,
    ADD COLUMN resume_seen_at          BIGINT;
