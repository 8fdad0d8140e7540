-- What was spent of each daily budget: in all (scope ''), by each owner ('o:…') and from each client
-- address ('c:…'). A day is one of UTC, counted from 1970.
CREATE TABLE daily_spending (
    name  TEXT COLLATE "C" NOT NULL,
    day   BIGINT NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    spent BIGINT NOT NULL,
    PRIMARY KEY (name, day, scope)
);
