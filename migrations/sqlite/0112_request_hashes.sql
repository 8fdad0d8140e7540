-- What a start with an idempotency key asked for is kept as a keyed hash from here on: a plain one of an
-- input with a secret in it could be guessed. The plain ones go; a start that is repeated after that is a
-- new one.
DELETE FROM starts;
