-- The other verbs of a ledger; see `append.sql`, which comes first.

-- ── the other verbs ─────────────────────────────────────────────────────────────────────────────────────────────

CREATE OR REPLACE FUNCTION sidelight.now_1(wall bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (sidelight.reading_1(wall)).now;
END $$;

-- Rows left for a session that it was not told of (the newest, oldest first), with the actions they are about.
CREATE OR REPLACE FUNCTION sidelight.notices_1(to_whom text, to_agent text, most integer) RETURNS text
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  rows jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_array(t.seq, t.agent, t.count, t.sightings) ORDER BY t.seq, t.agent) INTO rows FROM (
    SELECT * FROM sidelight.touched AS t
    WHERE t.addressee = to_whom AND t.told IS NULL AND (to_agent IS NULL OR t.agent = to_agent)
    ORDER BY t.seq DESC LIMIT most) AS t;
  IF rows IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN json_build_object('rows', rows, 'actions', sidelight.actions_1(sidelight.about_1(rows)))::text;
END $$;

-- What requests behind a number met of others, told or not, oldest first.
CREATE OR REPLACE FUNCTION sidelight.met_1(after bigint, most integer) RETURNS text
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  rows jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_array(t.seq, t.agent, t.count, t.sightings) ORDER BY t.seq, t.addressee, t.agent) INTO rows
  FROM (
    SELECT * FROM sidelight.touched AS t WHERE t.seq > after ORDER BY t.seq, t.addressee, t.agent LIMIT most) AS t;
  IF rows IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN json_build_object('rows', rows, 'actions', sidelight.actions_1(sidelight.about_1(rows)))::text;
END $$;

CREATE OR REPLACE FUNCTION sidelight.take_1(q jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
BEGIN
  UPDATE sidelight.touched AS t SET told = start.now FROM jsonb_array_elements(q->'rows') AS r
  WHERE t.addressee = q->>'actor' AND t.seq = (r->>0)::bigint AND t.agent = r->>1 AND t.told IS NULL;
END $$;

CREATE OR REPLACE FUNCTION sidelight.tell_1(q jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  INSERT INTO sidelight.told AS t (actor, agent, about, resource, step, seq, ts)
  SELECT q->>'actor', q->>'agent', r->>0, r->>1, r->>2, (r->>3)::bigint, (r->>4)::bigint
  FROM jsonb_array_elements(q->'rows') AS r
  ON CONFLICT (actor, agent, about, resource, step) DO UPDATE SET seq = excluded.seq, ts = excluded.ts;
END $$;

-- A session is there: looked at first, for most of the time there is nothing to write.
CREATE OR REPLACE FUNCTION sidelight.seen_1(q jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  start sidelight.beginning := sidelight.reading_1((q->>'wall')::bigint);
  known sidelight.sessions;
BEGIN
  SELECT * INTO known FROM sidelight.sessions
  WHERE actor = q->'session'->>'actor' AND agent = q->'session'->>'agent';
  IF known.actor IS NULL OR known.ended IS NOT NULL OR start.now - known.last_seen >= 60000
     OR known.body || (q->'session'->'body') <> known.body
     OR coalesce(q->'session'->>'space', known.space) IS DISTINCT FROM known.space
     OR coalesce(q->'session'->>'machine', known.machine) IS DISTINCT FROM known.machine THEN
    start := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
    PERFORM sidelight.see_1(q->'session', start.now, 0);
  END IF;
END $$;

-- A session ended: its intents are closed. How many, and marks to be looked for (see `settle_1`).
CREATE OR REPLACE FUNCTION sidelight.end_1(q jsonb) RETURNS text LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  mine bigint[];
BEGIN
  mine := ARRAY(SELECT seq FROM sidelight.actions WHERE kind = 'intent' AND outcome IS NULL AND actor = q->>'actor'
                AND (q->>'agent' IS NULL OR agent = q->>'agent'));
  UPDATE sidelight.sessions SET ended = start.now
  WHERE actor = q->>'actor' AND (q->>'agent' IS NULL OR agent = q->>'agent') AND ended IS NULL;
  RETURN json_build_object('many', cardinality(mine), 'lost', sidelight.settle_1(mine, 'ended', start.now))::text;
END $$;

-- How an action ended, or that an intent is closed (`closes`). NULL if there is no such action or open intent. The first
-- word on a failure stands.
CREATE OR REPLACE FUNCTION sidelight.outcome_1(q jsonb) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  one sidelight.actions;
  lost jsonb;
BEGIN
  SELECT * INTO one FROM sidelight.actions WHERE seq = (q->>'seq')::bigint AND id = q->>'id';
  IF one.seq IS NULL OR ((q->>'closes')::boolean AND (one.kind <> 'intent' OR one.outcome IS NOT NULL)) THEN
    RETURN NULL;
  END IF;
  IF one.outcome IS NULL OR (one.kind <> 'intent' AND one.outcome NOT IN ('failed', 'denied')) THEN
    lost := sidelight.settle_1(ARRAY[one.seq], q->>'outcome', start.now);
  END IF;
  RETURN json_build_object('actions', sidelight.actions_1(ARRAY[one.seq]), 'lost', lost)::text;
END $$;

-- ── who touched a key ───────────────────────────────────────────────────────────────────────────────────────────

-- Index the next actions of the record, so many at once; is there more to do? `keyed` is up to where that was done.
CREATE OR REPLACE FUNCTION sidelight.index_1(q jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  done bigint := sidelight.keyed_1();
  newest bigint;
  many integer;
BEGIN
  SELECT max(seq), count(*) INTO newest, many
  FROM (SELECT seq FROM sidelight.actions WHERE seq > done ORDER BY seq LIMIT (q->>'batch')::integer) AS a;
  IF many > 0 THEN
    INSERT INTO sidelight.keys (key, seq)
    SELECT DISTINCT left(t->>0, 200), a.seq FROM (
      SELECT seq, CASE WHEN strpos(body, E'\\u0000') = 0 THEN body  -- which no text here can hold; see `request.py`
             ELSE regexp_replace(body, E'(?<!\\\\)((?:\\\\\\\\)*)\\\\u0000', E'\\1' || chr(9216), 'g') END AS body
      FROM sidelight.actions WHERE seq > done AND seq <= newest) AS a
    CROSS JOIN LATERAL json_array_elements(a.body::json->'k') AS t
    ON CONFLICT DO NOTHING;
    INSERT INTO sidelight.meta (name, value) VALUES ('keyed', newest::text)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value;
  END IF;
  RETURN many = (q->>'batch')::integer;
END $$;

CREATE OR REPLACE FUNCTION sidelight.keyed_1() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((SELECT value::bigint FROM sidelight.meta WHERE name = 'keyed'), 0);
END $$;

-- The newest indexed actions before a number that may have touched a key or something in it: theirs begin as it does.
CREATE OR REPLACE FUNCTION sidelight.keyed_by_1(upto bigint, start text, most integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY SELECT DISTINCT k.seq FROM sidelight.keys AS k
  WHERE k.key >= left(start, 200) AND k.key < left(start, 200) || chr(1114111) AND k.seq < upto
  ORDER BY k.seq DESC LIMIT most;
END $$;

-- ── keeping it small ────────────────────────────────────────────────────────────────────────────────────────────

-- Delete actions with their marks. What the same actor did before them goes too, or is marked anew after.
CREATE OR REPLACE FUNCTION sidelight.delete_1(gone bigint[], start sidelight.beginning) RETURNS void
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
BEGIN
  UPDATE sidelight.state SET ts = start.now, seq = start.last;  -- what says so may be about to go
  DELETE FROM sidelight.marks WHERE seq = ANY (gone);
  DELETE FROM sidelight.changes WHERE seq = ANY (gone);
  DELETE FROM sidelight.keys WHERE seq = ANY (gone);
  DELETE FROM sidelight.actions WHERE seq = ANY (gone);
END $$;

CREATE OR REPLACE FUNCTION sidelight.forget_1(q jsonb) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  gone bigint[];
BEGIN
  gone := ARRAY(
    SELECT seq FROM sidelight.actions WHERE (q->>'actor' IS NULL OR actor = q->>'actor')
    AND (q->>'space' IS NULL OR space = q->>'space') AND (q->>'before' IS NULL OR ts < (q->>'before')::bigint));
  PERFORM sidelight.delete_1(gone, start);
  DELETE FROM sidelight.touched WHERE seq = ANY (gone);
  DELETE FROM sidelight.told WHERE seq = ANY (gone);
  DELETE FROM sidelight.delivered WHERE sightings <> '[]' OR first = ANY (gone);
  IF q->>'actor' IS NOT NULL THEN
    DELETE FROM sidelight.sessions WHERE actor = q->>'actor';
    DELETE FROM sidelight.told WHERE actor = q->>'actor' OR about = q->>'actor';
    DELETE FROM sidelight.touched WHERE addressee = q->>'actor';
  END IF;
  RETURN cardinality(gone);
END $$;

-- A batch of what is older than the history, or, where the ledger is too large, of the oldest. Its size is reckoned from
-- the rows there are: the files of a table do not shrink when rows are deleted. Once an hour also what else is over.
CREATE OR REPLACE FUNCTION sidelight.prune_1(q jsonb) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  old bigint := start.now - (q->>'older')::bigint;
  earlier bigint := old;
  gone bigint[];
  over bigint[];
  lost jsonb;
BEGIN
  IF sidelight.bytes_1() > (q->>'bytes')::bigint THEN
    earlier := 9223372036854775807;
  END IF;
  gone := ARRAY(
    SELECT a.seq FROM (SELECT seq, ts, at FROM sidelight.actions ORDER BY seq LIMIT (q->>'batch')::integer) AS a
    WHERE a.ts < earlier);
  IF cardinality(gone) > 0 THEN
    PERFORM sidelight.delete_1(gone, start);
    DELETE FROM sidelight.touched WHERE seq <= (SELECT max(n) FROM unnest(gone) AS n);
  END IF;
  IF EXISTS (SELECT 1 FROM sidelight.state WHERE tended IS NULL OR start.now - tended >= 3600000) THEN
    UPDATE sidelight.state SET tended = start.now;
    over := ARRAY(
      SELECT a.seq FROM sidelight.actions AS a LEFT JOIN sidelight.sessions AS s ON s.actor = a.actor AND s.agent = ''
      WHERE a.kind = 'intent' AND a.outcome IS NULL AND (a.expires <= start.now
        OR (a.expires IS NULL AND greatest(a.ts, s.last_seen) <= start.now - 86400000)));
    lost := sidelight.settle_1(over, 'expired', start.now);
    DELETE FROM sidelight.delivered WHERE ts < start.now - 86400000;
    DELETE FROM sidelight.told WHERE ts < start.now - 86400000;
    DELETE FROM sidelight.touched WHERE told < old;
    DELETE FROM sidelight.sessions WHERE last_seen < old;
  END IF;
  RETURN json_build_object('many', cardinality(gone), 'lost', lost)::text;
END $$;

-- About how many bytes the ledger takes: so many rows, of the size of the newest, with their marks and indices.
CREATE OR REPLACE FUNCTION sidelight.bytes_1() RETURNS bigint LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
BEGIN
  RETURN (
    SELECT coalesce((max(a.seq) - (SELECT min(seq) FROM sidelight.actions) + 1) * (avg(length(a.body)) + 1000), 0)::bigint
    FROM (SELECT seq, body FROM sidelight.actions ORDER BY seq DESC LIMIT 100) AS a);
END $$;

-- The number of the newest action that was recorded before a moment; 0 if there is none. `at` is in the order of `seq`.
CREATE OR REPLACE FUNCTION sidelight.place_1(moment bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  low bigint := coalesce((SELECT seq FROM sidelight.actions ORDER BY seq LIMIT 1), 1) - 1;
  high bigint := coalesce((SELECT seq FROM sidelight.actions ORDER BY seq DESC LIMIT 1), 0);
  middle bigint;
BEGIN
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF (SELECT at FROM sidelight.actions WHERE seq <= middle ORDER BY seq DESC LIMIT 1) < moment THEN
      low := middle;
    ELSE
      high := middle - 1;
    END IF;
  END LOOP;
  RETURN greatest(low, 0);
END $$;

-- ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────

CREATE OR REPLACE FUNCTION sidelight.put_document_1(q jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
BEGIN
  IF (q->>'version')::integer = 0 THEN
    INSERT INTO sidelight.documents (number, collection, name, version, ts, body)
    VALUES ((SELECT coalesce(max(number), 0) + 1 FROM sidelight.documents), q->>'collection', q->>'name', 1, start.now,
            q->>'body')
    ON CONFLICT (collection, name) DO NOTHING;
  ELSE
    UPDATE sidelight.documents SET body = q->>'body', ts = start.now, version = version + 1
    WHERE collection = q->>'collection' AND name = q->>'name' AND version = (q->>'version')::integer;
  END IF;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION sidelight.drop_documents_1(q jsonb) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  start sidelight.beginning := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  many integer;
BEGIN
  DELETE FROM sidelight.documents WHERE collection = q->>'collection' AND ts < start.now - (q->>'older')::bigint;
  GET DIAGNOSTICS many = ROW_COUNT;
  RETURN many;
END $$;

-- 1, 2, 3 …: never the same twice for a collection.
CREATE OR REPLACE FUNCTION sidelight.next_number_1(q jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  given bigint;
BEGIN
  PERFORM sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
  INSERT INTO sidelight.meta AS m (name, value) VALUES ('number:' || (q->>'collection'), '1')
  ON CONFLICT (name) DO UPDATE SET value = (m.value::bigint + 1)::text RETURNING value::bigint INTO given;
  RETURN given;
END $$;
