-- Version 1. Times are microseconds since 1970 in UTC; `doc` is the record as JSON, the columns beside it are what is searched.

-- The log -------------------------------------------------------------------------------------------------------------
CREATE TABLE log_head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    origin   TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    root     BLOB    NOT NULL CHECK (length(root) = 32),
    frontier BLOB    NOT NULL
) STRICT;

-- The primary key is the last fence against a fork: no index is ever written twice.
CREATE TABLE log_entry (
    idx     INTEGER PRIMARY KEY,
    leaf    BLOB NOT NULL CHECK (length(leaf) = 32),
    body    BLOB NOT NULL CHECK (length(body) <= 4096),
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;

-- Full tiles only; those at the right edge follow from the level below.
CREATE TABLE tile (
    level INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    data  BLOB    NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE chain (
    subject TEXT PRIMARY KEY,
    last    INTEGER NOT NULL,
    seq     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A payload is there with its salt, or gone with the entry that says so.
CREATE TABLE payload (
    id           TEXT PRIMARY KEY,
    salt         BLOB CHECK (length(salt) = 32),
    body         BLOB,
    redacted_idx INTEGER,
    CHECK ((salt IS NULL) = (redacted_idx IS NOT NULL) AND (body IS NULL) = (redacted_idx IS NOT NULL))
) STRICT;

-- The state that the log adds up to -----------------------------------------------------------------------------------
CREATE TABLE change (
    digest      TEXT PRIMARY KEY,
    state       TEXT    NOT NULL CHECK (state IN ('expired', 'held', 'refused', 'rejected', 'released', 'spent')),
    accountable TEXT,
    waits_until INTEGER NOT NULL,
    idx         INTEGER NOT NULL,
    doc         TEXT    NOT NULL
) STRICT;
CREATE INDEX change_by_state ON change (state, waits_until);
CREATE INDEX change_by_idx ON change (idx);

CREATE TABLE word (
    idx    INTEGER PRIMARY KEY,
    change TEXT    NOT NULL,
    round  INTEGER NOT NULL,
    doc    TEXT    NOT NULL
) STRICT;
CREATE INDEX word_by_change ON word (change, round);

-- A permit is spent by exactly one entry, and an entry spends at most one permit.
CREATE TABLE permit (
    id        TEXT PRIMARY KEY,
    change    TEXT    NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('done', 'expired', 'indeterminate', 'issued', 'revoked', 'started')),
    not_after INTEGER NOT NULL,
    idx       INTEGER NOT NULL,
    spent_at  INTEGER,
    spent_idx INTEGER UNIQUE,
    doc       TEXT    NOT NULL,
    CHECK ((state IN ('done', 'indeterminate', 'started')) = (spent_idx IS NOT NULL))
) STRICT;
CREATE INDEX permit_by_change ON permit (change, idx);
CREATE INDEX permit_by_state ON permit (state, not_after);

CREATE TABLE statement (
    nonce      BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    doc        TEXT    NOT NULL
) STRICT;
CREATE INDEX statement_by_expiry ON statement (expires_at);

CREATE TABLE credential (id BLOB PRIMARY KEY, idx INTEGER NOT NULL, doc TEXT NOT NULL) STRICT;
CREATE TABLE code (hash TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE session (id TEXT PRIMARY KEY, open INTEGER NOT NULL CHECK (open IN (0, 1)), doc TEXT NOT NULL) STRICT;
CREATE TABLE gate (id TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE policy (id INTEGER PRIMARY KEY CHECK (id = 1), doc TEXT NOT NULL) STRICT;

-- What clients were told, for a day -----------------------------------------------------------------------------------
CREATE TABLE retry (
    owner TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    doc   TEXT    NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX retry_by_time ON retry (at);
