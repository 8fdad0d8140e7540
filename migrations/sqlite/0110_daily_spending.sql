-- What was spent of each daily budget: in all (scope ''), by each owner ('o:…') and from each client
-- address ('c:…'). A day is one of UTC, counted from 1970.
CREATE TABLE daily_spending (
    name  TEXT    NOT NULL,
    day   INTEGER NOT NULL,
    scope TEXT    NOT NULL,
    spent INTEGER NOT NULL,
    PRIMARY KEY (name, day, scope)
) STRICT, WITHOUT ROWID;
