-- The tables of one ledger, in a schema of its own (`sidelight.` stands for it). The record is `actions`; `marks` and
-- `changes` are projections of it; the others remember who was seen and what was said. Only ever added to within a
-- major version: code that is one version behind goes on working.

CREATE TABLE IF NOT EXISTS sidelight.meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);

-- One row: how far the ledger's clock is ahead of the server's, the last moment and number that the record no longer
-- says, until when somebody listens, and where the ledger is being moved to.
CREATE TABLE IF NOT EXISTS sidelight.state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), ahead bigint NOT NULL DEFAULT 0, ts bigint NOT NULL DEFAULT 0,
  seq bigint NOT NULL DEFAULT 0, heard_until bigint NOT NULL DEFAULT 0, tended bigint, frozen text);
INSERT INTO sidelight.state (one) VALUES (true) ON CONFLICT DO NOTHING;

-- `at` is when it was recorded: in the order of `seq`. `ts` is when it happened: earlier, if it was delivered late.
CREATE TABLE IF NOT EXISTS sidelight.actions (
  seq bigint PRIMARY KEY, id text NOT NULL, ts bigint NOT NULL, at bigint NOT NULL, kind text COLLATE "C" NOT NULL,
  space text COLLATE "C", actor text COLLATE "C" NOT NULL, agent text COLLATE "C" NOT NULL, listed boolean NOT NULL,
  expires bigint, outcome text COLLATE "C", outcome_ts bigint, body text NOT NULL);
CREATE INDEX IF NOT EXISTS actions_listed ON sidelight.actions (space, seq) WHERE listed;
CREATE INDEX IF NOT EXISTS actions_intents ON sidelight.actions (actor, outcome, seq) WHERE kind = 'intent';
CREATE INDEX IF NOT EXISTS actions_actor ON sidelight.actions (actor, seq);

-- "This actor last did that to this key." `was` is the number of the one before (0: none, -1: not known).
CREATE TABLE IF NOT EXISTS sidelight.marks (
  role text COLLATE "C", key text COLLATE "C", actor text COLLATE "C", agent text COLLATE "C", effect text COLLATE "C",
  slot text COLLATE "C", seq bigint NOT NULL, was bigint NOT NULL, tree text COLLATE "C",
  PRIMARY KEY (role, key, actor, agent, effect, slot));
CREATE INDEX IF NOT EXISTS marks_newest ON sidelight.marks (role, key, seq);
CREATE INDEX IF NOT EXISTS marks_seq ON sidelight.marks (seq);

CREATE TABLE IF NOT EXISTS sidelight.changes (
  seq bigint, tree text COLLATE "C", path text COLLATE "C", actor text COLLATE "C" NOT NULL,
  agent text COLLATE "C" NOT NULL, PRIMARY KEY (seq, tree, path));
CREATE INDEX IF NOT EXISTS changes_newest ON sidelight.changes (tree, actor, agent, seq);

-- Who touched a key (its first 200 characters): written when somebody asks, so that recording pays nothing for it.
CREATE TABLE IF NOT EXISTS sidelight.keys (key text COLLATE "C", seq bigint, PRIMARY KEY (key, seq));
CREATE INDEX IF NOT EXISTS keys_seq ON sidelight.keys (seq);

CREATE TABLE IF NOT EXISTS sidelight.sessions (
  actor text COLLATE "C", agent text COLLATE "C", first_seen bigint NOT NULL, last_seen bigint NOT NULL, ended bigint,
  seq bigint NOT NULL, space text COLLATE "C", machine text COLLATE "C", body jsonb NOT NULL,
  PRIMARY KEY (actor, agent));
CREATE INDEX IF NOT EXISTS sessions_seen ON sidelight.sessions (last_seen);

-- What a request (its first number, how many) met of another session: [[seq, key, role, effect], …].
CREATE TABLE IF NOT EXISTS sidelight.touched (
  addressee text COLLATE "C", seq bigint, agent text COLLATE "C", ts bigint NOT NULL, count integer NOT NULL,
  planned boolean NOT NULL, sightings jsonb NOT NULL, told bigint, PRIMARY KEY (seq, addressee, agent));
CREATE INDEX IF NOT EXISTS touched_planned ON sidelight.touched (addressee, seq) WHERE planned;
CREATE INDEX IF NOT EXISTS touched_untold ON sidelight.touched (addressee, seq) WHERE told IS NULL;

CREATE TABLE IF NOT EXISTS sidelight.told (
  actor text COLLATE "C", agent text COLLATE "C", about text COLLATE "C", resource text COLLATE "C",
  step text COLLATE "C", seq bigint NOT NULL, ts bigint NOT NULL,
  PRIMARY KEY (actor, agent, about, resource, step));

CREATE TABLE IF NOT EXISTS sidelight.delivered (
  key text COLLATE "C" PRIMARY KEY, ts bigint NOT NULL, first bigint NOT NULL, count integer NOT NULL,
  sightings jsonb NOT NULL);

CREATE TABLE IF NOT EXISTS sidelight.documents (
  number bigint PRIMARY KEY, collection text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL, version integer NOT NULL, ts bigint NOT NULL, body text NOT NULL,
  UNIQUE (collection, name));

-- What is written over and over is cleaned up early, and its plans are made from what is there.
ALTER TABLE sidelight.marks SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE sidelight.sessions SET (fillfactor = 70);
ALTER TABLE sidelight.state SET (fillfactor = 10);
