-- What the server does by itself. `sidelight.` stands for the ledger's schema. A function's name ends with the version
-- of what it takes and gives: a newer Sidelight adds `append_2` and leaves this one for those that are one behind.
--
-- Plans are made once a connection and kept, perhaps while a table is still empty: the settings of `append_1` and of
-- what it calls make sure that they go by the indices from the first action on. Where one session's marks on a key are
-- wanted, `ORDER BY … OFFSET 0` in the order of the primary key makes it that index, and not the one by number, which
-- would go through everybody's.

DO $$ BEGIN
  IF to_regtype('sidelight.mark') IS NULL THEN
    CREATE TYPE sidelight.mark AS (
      key text COLLATE "C", role text COLLATE "C", effect text COLLATE "C", actor text COLLATE "C",
      agent text COLLATE "C", seq bigint);
  END IF;
  IF to_regtype('sidelight.beginning') IS NULL THEN
    CREATE TYPE sidelight.beginning AS (now bigint, last bigint, heard_until bigint, ahead bigint);
  END IF;
END $$;

-- ── time, and whose turn it is ──────────────────────────────────────────────────────────────────────────────────

-- The ledger's clock: the server's, and never behind anything that the record says (`floor`). Set back, it goes on from
-- there, so much `ahead`; a lead of less than a second, as small corrections leave it, is given up when it can be.
CREATE OR REPLACE FUNCTION sidelight.reading_1(given bigint) RETURNS sidelight.beginning
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  start sidelight.beginning;
  wall bigint := coalesce(given, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  floor bigint;
BEGIN
  SELECT s.ahead, s.heard_until, greatest(coalesce(a.seq, 0), s.seq),
         greatest(s.ts, a.at, (SELECT max(last_seen) FROM sidelight.sessions))
  INTO start.ahead, start.heard_until, start.last, floor
  FROM sidelight.state AS s LEFT JOIN LATERAL (SELECT seq, at FROM sidelight.actions ORDER BY seq DESC LIMIT 1) AS a
    ON true;
  IF start.ahead BETWEEN 1 AND 1000 AND wall >= floor THEN
    start.ahead := 0;
  END IF;
  start.ahead := greatest(start.ahead, floor - wall);
  start.now := wall + start.ahead;
  RETURN start;
END $$;

-- The beginning of whatever writes: alone in this ledger until the transaction ends. Within it every statement sees
-- all that was committed before, hence no other isolation than READ COMMITTED.
CREATE OR REPLACE FUNCTION sidelight.begin_1(wait_ms integer, given bigint) RETURNS sidelight.beginning
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  here sidelight.state;
  start sidelight.beginning;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'a ledger needs the isolation READ COMMITTED' USING ERRCODE = 'SL002';
  END IF;
  PERFORM set_config('lock_timeout', wait_ms::text, true);
  PERFORM pg_advisory_xact_lock(1396984916, ('sidelight.state'::regclass::oid::bigint % 2147483647)::integer);
  SELECT * INTO here FROM sidelight.state;
  IF here.frozen IS NOT NULL THEN
    RAISE EXCEPTION 'the ledger is being moved' USING ERRCODE = 'SL001', DETAIL = here.frozen;
  END IF;
  start := sidelight.reading_1(given);
  IF start.ahead <> here.ahead THEN
    UPDATE sidelight.state SET ahead = start.ahead;
  END IF;
  RETURN start;
END $$;

-- ── what came before ────────────────────────────────────────────────────────────────────────────────────────────

-- The marks of others that a question meets, and what they and I last did to the same resources (`stakes`).
CREATE OR REPLACE FUNCTION sidelight.before_1(q jsonb, me text, my_agent text) RETURNS sidelight.mark[]
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  met sidelight.mark[];
  more sidelight.mark[];
  crowd record;
  known text[];
  those text[];
  many integer;
BEGIN
  SELECT array_agg(ROW(p.key, p.role, m.effect, m.actor, m.agent, m.seq)::sidelight.mark) INTO met
  FROM (SELECT p->>0 AS key, p->>1 AS role FROM jsonb_array_elements(q->'probes') AS p) AS p
  CROSS JOIN LATERAL (
    SELECT m.effect, m.actor, m.agent, m.seq FROM sidelight.marks AS m
    WHERE m.role = p.role AND m.key = p.key AND (m.actor <> me OR m.agent <> my_agent)
    ORDER BY m.seq DESC LIMIT CASE WHEN right(p.key, 2) = '//' THEN 32 ELSE 64 END) AS m;
  IF q ? 'ranges' THEN
    SELECT array_agg(ROW(p->>0, p->>1, m.effect, m.actor, m.agent, m.seq)::sidelight.mark) INTO more
    FROM jsonb_array_elements(q->'ranges') AS p
    CROSS JOIN LATERAL (
      SELECT m.effect, m.actor, m.agent, max(m.seq) AS seq FROM sidelight.marks AS m
      WHERE m.role = p->>1 AND m.key > p->>2 AND m.key < p->>3 AND (m.actor <> me OR m.agent <> my_agent)
      GROUP BY m.effect, m.actor, m.agent, m.slot) AS m;
    met := met || more;
  END IF;
  IF met IS NULL THEN
    RETURN met;
  END IF;
  IF cardinality(met) >= 32 THEN  -- where a few chatty sessions fill what was read of a key, go on to those behind them
    FOR crowd IN
      SELECT m.key, m.role, m.most, array_agg(DISTINCT m.actor) AS actors
      FROM (SELECT m.*, CASE WHEN right(m.key, 2) = '//' THEN 20 ELSE 48 END AS most FROM unnest(met) AS m) AS m
      WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(q->'probes') AS p WHERE p->>0 = m.key AND p->>1 = m.role)
      GROUP BY m.key, m.role, m.most
      HAVING count(*) = CASE WHEN m.most = 20 THEN 32 ELSE 64 END AND count(DISTINCT m.actor) < m.most
    LOOP
      known := crowd.actors;
      LOOP
        SELECT array_agg(ROW(crowd.key, crowd.role, m.effect, m.actor, m.agent, m.seq)::sidelight.mark),
               array_agg(DISTINCT m.actor), count(*)
        INTO more, those, many
        FROM (
          SELECT m.effect, m.actor, m.agent, m.seq FROM sidelight.marks AS m
          WHERE m.role = crowd.role AND m.key = crowd.key AND m.actor <> ALL (known)
            AND (m.actor <> me OR m.agent <> my_agent)
          ORDER BY m.seq DESC LIMIT 64) AS m;
        met := met || more;
        known := known || those;
        EXIT WHEN many < 64 OR cardinality(known) >= crowd.most;
      END LOOP;
    END LOOP;
  END IF;

  -- Of each key the newest of each of the sessions that acted last: a crowd is not listed, and hides nobody. One action
  -- on several things in one container is met there once.
  SELECT array_agg(ROW(m.key, m.role, m.effect, m.actor, m.agent, m.seq)::sidelight.mark ORDER BY m.seq DESC, m.key,
                   m.role, m.effect)
  INTO met
  FROM (
    SELECT DISTINCT m.key, m.role, m.effect, m.actor, m.agent, m.seq
    FROM (
      SELECT m.*, dense_rank() OVER (PARTITION BY m.key, m.role ORDER BY m.last DESC, m.actor) AS place,
             row_number() OVER (PARTITION BY m.key, m.role, m.actor ORDER BY m.seq DESC, m.effect) AS nth
      FROM (SELECT m.*, max(m.seq) OVER (PARTITION BY m.key, m.role, m.actor) AS last FROM unnest(met) AS m) AS m) AS m
    WHERE m.nth <= 16 AND m.place <= CASE WHEN right(m.key, 2) = '//' THEN 20 ELSE 48 END) AS m;

  IF jsonb_array_length(q->'stakes') > 0 THEN  -- so that nothing is judged by half
    SELECT array_agg(m.actor) INTO those FROM (
      SELECT m.actor FROM unnest(met) AS m WHERE m.role <> 'plan' GROUP BY m.actor ORDER BY max(m.seq) DESC LIMIT 24
    ) AS m;
    IF those IS NOT NULL THEN
      SELECT array_agg(ROW(m.key, m.role, m.effect, m.actor, m.agent, m.seq)::sidelight.mark) INTO more
      FROM (
        SELECT m.key, m.role, m.effect, m.actor, m.agent, m.seq
        FROM jsonb_array_elements_text(q->'stakes') AS s(key)
        CROSS JOIN unnest('{work,harm,plan}'::text[]) AS r(role)
        CROSS JOIN unnest(those || me) AS w(actor)
        CROSS JOIN LATERAL (
          SELECT m.* FROM sidelight.marks AS m
          WHERE m.role = r.role AND m.key = s.key AND m.actor = w.actor
          ORDER BY m.agent, m.effect, m.slot OFFSET 0) AS m
        WHERE r.role <> 'harm' OR right(s.key, 2) <> '//'  -- no harm is kept by what lies around it
        EXCEPT SELECT m.key, m.role, m.effect, m.actor, m.agent, m.seq FROM unnest(met) AS m) AS m;
      met := met || more;
    END IF;
  END IF;
  RETURN met;
END $$;

-- The uncommitted files inside what a request puts at risk, of those who worked there last and of me: what each changed
-- since it last committed in that tree, without files that it has committed by themselves.
CREATE OR REPLACE FUNCTION sidelight.work_1(q jsonb, met sidelight.mark[], me text, my_agent text, before bigint)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
BEGIN
  RETURN (WITH workers AS (
    SELECT s.key, s.lower, s.upper, w.actor, w.agent, w.seq, w.place, c.commits,
           CASE WHEN NOT c.commits AND 20 = (  -- so many different files in a row are enough to count
             SELECT count(DISTINCT n.path) FROM (
               SELECT n.path FROM sidelight.changes AS n
               WHERE n.tree = s.key AND n.actor = w.actor AND n.agent = w.agent AND n.seq < before
               ORDER BY n.seq DESC LIMIT 20) AS n) THEN 20 ELSE 200 END AS most
    FROM (SELECT s->>0 AS key, s->>1 AS lower, s->>2 AS upper FROM jsonb_array_elements(q->'sweeps') AS s) AS s
    CROSS JOIN LATERAL (
      SELECT m.actor, m.agent, max(m.seq) AS seq, row_number() OVER (ORDER BY max(m.seq) DESC) AS place
      FROM unnest(met) AS m WHERE m.key = s.key || '//' AND m.role = 'work' GROUP BY m.actor, m.agent) AS w
    CROSS JOIN LATERAL (  -- most sessions never commit single files: that is asked once
      SELECT s.lower IS NOT NULL OR EXISTS (
        SELECT 1 FROM (
          SELECT t.effect FROM sidelight.marks AS t
          WHERE t.role = 'work' AND t.key = s.key || '//' AND t.actor = w.actor AND t.agent = w.agent
          ORDER BY t.effect, t.slot OFFSET 0) AS t
        WHERE t.effect LIKE 'commits%') AS commits) AS c
    WHERE w.place <= 8 OR (w.actor = me AND w.agent = my_agent))
  SELECT jsonb_agg(jsonb_build_array(w.key, w.actor, w.agent, f.files, f.newest) ORDER BY w.key, w.place)
  FROM workers AS w CROSS JOIN LATERAL (
    SELECT least(count(*), 20) AS files,
           jsonb_agg(jsonb_build_array(f.path, f.seq, (SELECT a.ts FROM sidelight.actions AS a WHERE a.seq = f.seq))
                     ORDER BY f.seq DESC, f.path) FILTER (WHERE f.nth <= 4) AS newest
    FROM (
      SELECT f.path, max(f.seq) AS seq, row_number() OVER (ORDER BY max(f.seq) DESC, f.path) AS nth
      FROM (
        SELECT * FROM (
          SELECT c.path, c.seq FROM sidelight.changes AS c
          WHERE w.lower IS NULL AND c.tree = w.key AND c.actor = w.actor AND c.agent = w.agent AND c.seq < before
            AND c.seq > coalesce((
              SELECT max(t.seq) FROM (
                SELECT t.seq, t.effect FROM sidelight.marks AS t
                WHERE t.role = 'work' AND t.key = w.key AND t.actor = w.actor AND t.agent = w.agent
                ORDER BY t.effect, t.slot OFFSET 0) AS t
              WHERE t.effect IN ('commits:all', 'commits:index')), 0)
          ORDER BY c.seq DESC LIMIT w.most) AS c
        UNION ALL
        SELECT * FROM (
          SELECT m.key, m.seq FROM sidelight.marks AS m
          WHERE w.lower IS NOT NULL AND m.role = 'work' AND m.key > w.lower AND m.key < w.upper AND m.actor = w.actor
            AND m.agent = w.agent AND m.effect IN ('edits', 'replaces') AND m.tree IS NOT NULL AND m.seq < before
            AND m.seq > coalesce((
              SELECT max(t.seq) FROM (
                SELECT t.seq, t.effect FROM sidelight.marks AS t
                WHERE t.role = 'work' AND t.key = m.tree AND t.actor = w.actor AND t.agent = w.agent
                ORDER BY t.effect, t.slot OFFSET 0) AS t
              WHERE t.effect IN ('commits:all', 'commits:index')), 0)
          ORDER BY m.seq DESC LIMIT 200) AS m) AS f
      WHERE NOT w.commits OR NOT EXISTS (
        SELECT 1 FROM (
          SELECT c.effect, c.seq FROM sidelight.marks AS c
          WHERE c.role = 'work' AND c.key = f.path AND c.actor = w.actor AND c.agent = w.agent
          ORDER BY c.effect, c.slot OFFSET 0) AS c
        WHERE c.effect LIKE 'commits%' AND c.seq >= f.seq)
      GROUP BY f.path) AS f) AS f
  WHERE f.files > 0);
END $$;

-- Actions with what they have become, and when their sessions were last seen.
CREATE OR REPLACE FUNCTION sidelight.actions_1(seqs bigint[]) RETURNS json
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  RETURN (
    SELECT json_agg(json_build_array(a.seq, a.id, a.ts, a.kind, a.space, a.actor, a.agent, a.listed::int, a.expires,
                                     a.body, a.outcome, s.last_seen, s.ended))
    FROM sidelight.actions AS a
    LEFT JOIN LATERAL (
      SELECT last_seen, ended FROM sidelight.sessions WHERE actor = a.actor AND agent = '' OFFSET 0) AS s ON a.actor <> ''
    WHERE a.seq = ANY (seqs));
END $$;

-- All numbers that rows of `touched` ([seq, agent, count, found]) are about: the later request's and those it met.
CREATE OR REPLACE FUNCTION sidelight.about_1(rows jsonb) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ARRAY(
    SELECT n FROM jsonb_array_elements(rows) AS t
    CROSS JOIN LATERAL generate_series((t->>0)::bigint, (t->>0)::bigint + (t->>2)::integer - 1) AS n
    UNION
    SELECT (m->>0)::bigint FROM jsonb_array_elements(rows) AS t CROSS JOIN LATERAL jsonb_array_elements(t->3) AS m);
END $$;

-- ── append ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- Marks and changes of actions; `base` is added to their numbers. A mark is [number, role, key, effect, slot, tree,
-- actor, agent, number of the one before it in this very request], a change [number, tree, path, actor, agent].
CREATE OR REPLACE FUNCTION sidelight.project_1(base bigint, marks jsonb, changes jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO sidelight.marks AS m (role, key, actor, agent, effect, slot, seq, was, tree)
  SELECT x->>1, x->>2, x->>6, x->>7, x->>3, coalesce(x->>4, (base + (x->>0)::bigint)::text), base + (x->>0)::bigint,
         CASE WHEN x->>8 IS NULL THEN 0 ELSE base + (x->>8)::bigint END, x->>5
  FROM jsonb_array_elements(marks) AS x
  ON CONFLICT (role, key, actor, agent, effect, slot) DO UPDATE
  SET was = CASE WHEN excluded.was > 0 THEN excluded.was ELSE m.seq END, seq = excluded.seq, tree = excluded.tree;
  INSERT INTO sidelight.changes (seq, tree, path, actor, agent)
  SELECT base + (x->>0)::bigint, x->>1, x->>2, x->>3, x->>4 FROM jsonb_array_elements(changes) AS x
  ON CONFLICT DO NOTHING;
END $$;

-- Write that a session is there, with what it says of itself: at most once a minute, and when that has changed.
CREATE OR REPLACE FUNCTION sidelight.see_1(session jsonb, seen bigint, latest bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off AS $$
DECLARE
  known sidelight.sessions;
  body_after jsonb;
  space_after text;
  machine_after text;
BEGIN
  SELECT * INTO known FROM sidelight.sessions WHERE actor = session->>'actor' AND agent = session->>'agent';
  body_after := coalesce(known.body, '{}') || (session->'body');
  space_after := coalesce(session->>'space', known.space);
  machine_after := coalesce(session->>'machine', known.machine);
  IF known.actor IS NOT NULL AND known.ended IS NULL AND seen - known.last_seen < 60000
     AND body_after = known.body AND space_after IS NOT DISTINCT FROM known.space
     AND machine_after IS NOT DISTINCT FROM known.machine THEN
    RETURN;
  END IF;
  INSERT INTO sidelight.sessions AS s (actor, agent, first_seen, last_seen, seq, space, machine, body)
  VALUES (session->>'actor', session->>'agent', seen, seen, latest, space_after, machine_after, body_after)
  ON CONFLICT (actor, agent) DO UPDATE
  SET last_seen = greatest(s.last_seen, seen), ended = NULL, seq = greatest(s.seq, latest), space = excluded.space,
      machine = excluded.machine, body = excluded.body;
  IF session->>'agent' <> '' THEN  -- who hears from a sub-agent hears from its session
    INSERT INTO sidelight.sessions AS s (actor, agent, first_seen, last_seen, seq, space, machine, body)
    VALUES (session->>'actor', '', seen, seen, latest, session->>'space', session->>'machine',
            jsonb_strip_nulls(jsonb_build_object('host', session->'body'->'host')))
    ON CONFLICT (actor, agent) DO UPDATE
    SET last_seen = greatest(s.last_seen, seen), ended = NULL, seq = greatest(s.seq, latest)
    WHERE s.ended IS NOT NULL OR seen - s.last_seen >= 60000;
  END IF;
END $$;

-- Write down how actions ended. What did not happen, and an intent that is over, leaves no mark: each falls back to what
-- the same actor did there before. Gives the marks for which that is not known, to be looked for in the record.
CREATE OR REPLACE FUNCTION sidelight.settle_1(seqs bigint[], how text, now bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  over bigint[];
  lost jsonb;
BEGIN
  WITH settled AS (
    UPDATE sidelight.actions SET outcome = how, outcome_ts = now WHERE seq = ANY (seqs) RETURNING seq, kind)
  SELECT array_agg(seq) INTO over FROM settled WHERE kind = 'intent' OR how IN ('failed', 'denied');
  IF over IS NULL THEN
    RETURN NULL;
  END IF;
  DELETE FROM sidelight.changes WHERE seq = ANY (over);
  WITH gone AS (DELETE FROM sidelight.marks WHERE seq = ANY (over) AND role <> 'here' RETURNING *)
  SELECT jsonb_agg(to_jsonb(g)) INTO lost FROM gone AS g WHERE g.role <> 'plan' AND g.was <> 0;
  IF lost IS NULL THEN
    RETURN NULL;
  END IF;
  WITH lost AS (SELECT * FROM jsonb_populate_recordset(NULL::sidelight.marks, lost)),
  back AS (
    INSERT INTO sidelight.marks (role, key, actor, agent, effect, slot, seq, was, tree)
    SELECT l.role, l.key, l.actor, l.agent, l.effect, l.slot, l.was, -1, l.tree
    FROM lost AS l JOIN sidelight.actions AS a ON a.seq = l.was
    WHERE a.outcome IS NULL OR (a.kind <> 'intent' AND a.outcome NOT IN ('failed', 'denied'))
    ON CONFLICT DO NOTHING RETURNING role, key, actor, agent, effect, slot)
  SELECT jsonb_agg(to_jsonb(l)) INTO lost FROM lost AS l
  WHERE NOT EXISTS (SELECT 1 FROM back AS b WHERE (b.role, b.key, b.actor, b.agent, b.effect, b.slot)
                    = (l.role, l.key, l.actor, l.agent, l.effect, l.slot));
  RETURN lost;
END $$;

-- One atomic step: read what came before, add what is new. What is asked and answered is said in `request.py`.
CREATE OR REPLACE FUNCTION sidelight.append_1(q jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  actor_given text := coalesce(q->>'actor', '');
  me text := coalesce(nullif(q->>'actor', ''), E'\x01');  -- nobody's name: an unknown session leaves out nothing
  my_agent text := coalesce(q->>'agent', '');
  start sidelight.beginning;
  once sidelight.delivered;
  met sidelight.mark[];
  work jsonb;
  told jsonb;
  left_for_me jsonb;
  present bigint[];
  alive bigint[];
  seqs bigint[];
  many integer := coalesce(jsonb_array_length(q->'entries'), 0);
  announced boolean;
  before bigint := 9223372036854775807;
  happened bigint;
  over bigint[];
  who text;
BEGIN
  IF (q->>'dry')::boolean THEN
    start := sidelight.reading_1((q->>'wall')::bigint);
  ELSE
    start := sidelight.begin_1((q->>'wait')::integer, (q->>'wall')::bigint);
    IF q ? 'key' THEN
      SELECT * INTO once FROM sidelight.delivered WHERE key = q->>'key';
    END IF;
  END IF;

  -- what came before
  announced := EXISTS (SELECT 1 FROM sidelight.actions WHERE kind = 'intent' AND actor = actor_given AND outcome IS NULL);
  IF once.key IS NULL THEN
    met := sidelight.before_1(q, me, my_agent);
  ELSE
    before := once.first;
    SELECT array_agg(ROW(m->>1, m->>2, m->>3, a.actor, a.agent, a.seq)::sidelight.mark) INTO met
    FROM jsonb_array_elements(once.sightings) AS m JOIN sidelight.actions AS a ON a.seq = (m->>0)::bigint
    WHERE a.outcome IS NULL OR a.outcome NOT IN ('failed', 'denied');
  END IF;
  IF met IS NOT NULL THEN
    SELECT array_agg(DISTINCT m.seq) INTO seqs FROM unnest(met) AS m;
    IF q ? 'sweeps' THEN
      work := sidelight.work_1(q, met, me, my_agent, before);
    END IF;
  END IF;
  IF q ? 'space' THEN  -- the newest of each other session in the window, then more of theirs
    SELECT array_agg(p.seq ORDER BY p.part, p.seq DESC) INTO present FROM (
      SELECT 1 AS part, m.seq FROM (
        SELECT m.seq FROM sidelight.marks AS m
        WHERE m.role = 'here' AND m.key = q->>'space' AND m.seq < before AND (m.actor <> actor_given OR actor_given = '')
        ORDER BY m.seq DESC LIMIT 20) AS m
      UNION ALL
      SELECT 2, a.seq FROM (
        SELECT a.seq, a.actor FROM sidelight.actions AS a WHERE a.listed AND a.space = q->>'space' AND a.seq < before
        ORDER BY a.seq DESC LIMIT 60) AS a
      WHERE a.actor <> actor_given OR actor_given = '') AS p
    JOIN sidelight.actions AS a ON a.seq = p.seq WHERE a.ts >= start.now - (q->>'window')::bigint;
    seqs := seqs || present;
  END IF;
  IF announced AND actor_given <> '' THEN  -- what others did to my open intents
    SELECT jsonb_agg(jsonb_build_array(t.seq, t.agent, t.count, t.sightings) ORDER BY t.seq DESC) INTO left_for_me
    FROM (
      SELECT * FROM sidelight.touched WHERE addressee = actor_given AND planned AND seq > (
        SELECT min(seq) FROM sidelight.actions WHERE kind = 'intent' AND actor = actor_given AND outcome IS NULL)
      ORDER BY seq DESC LIMIT 32) AS t;
    IF left_for_me IS NOT NULL THEN
      seqs := seqs || sidelight.about_1(left_for_me);
    END IF;
  END IF;
  IF q ? 'machine' THEN
    SELECT array_agg(a.seq) INTO alive FROM (
      SELECT s.actor FROM sidelight.sessions AS s
      WHERE s.agent = '' AND s.ended IS NULL AND s.last_seen > start.now - 7200000 AND s.machine = q->>'machine'
      ORDER BY s.last_seen DESC, s.actor LIMIT 40) AS s
    CROSS JOIN LATERAL (
      SELECT a.seq FROM sidelight.actions AS a WHERE a.actor = s.actor ORDER BY a.seq DESC LIMIT 1) AS a;
    seqs := seqs || alive;
  END IF;
  IF seqs IS NOT NULL AND q ? 'actor' THEN
    SELECT jsonb_agg(jsonb_build_array(t.about, t.resource, t.step, t.seq, t.ts)) INTO told
    FROM sidelight.told AS t WHERE t.actor = actor_given AND t.agent = my_agent;
  END IF;

  -- what is new
  IF once.key IS NULL AND NOT (q->>'dry')::boolean THEN
    happened := start.now - coalesce((q->>'ago')::bigint, 0);
    IF many > 0 THEN
      INSERT INTO sidelight.actions (seq, id, ts, at, kind, space, actor, agent, listed, expires, body)
      SELECT start.last + n, (e->>0) || '-' || (start.last + n), happened, start.now, e->>1, e->>2, e->>3, e->>4,
             (e->>5)::integer = 1, happened + (e->>6)::bigint, e->>7
      FROM jsonb_array_elements(q->'entries') WITH ORDINALITY AS x(e, n);
      PERFORM sidelight.project_1(start.last, q->'marks', q->'changes');
      IF met IS NOT NULL THEN  -- a row for every other session: what it is worth is decided when it is read
        INSERT INTO sidelight.touched (addressee, seq, agent, ts, count, planned, sightings)
        SELECT m.actor, start.last + 1, m.agent, start.now, many, bool_or(m.role = 'plan'),
               jsonb_agg(jsonb_build_array(m.seq, m.key, m.role, m.effect) ORDER BY m.nth)
        FROM (
          SELECT m.*, row_number() OVER (PARTITION BY m.actor, m.agent ORDER BY m.seq DESC, m.key, m.role, m.effect) AS nth
          FROM unnest(met) AS m WHERE m.actor <> ''
            AND (m.actor, m.agent) <> (q->'entries'->0->>3, q->'entries'->0->>4)) AS m
        WHERE m.nth <= 12 GROUP BY m.actor, m.agent;
      END IF;
      IF announced THEN  -- who announces without end does not mean the oldest any longer
        FOR who IN SELECT DISTINCT e->>3 FROM jsonb_array_elements(q->'entries') AS e WHERE e->>1 = 'intent' LOOP
          over := ARRAY(
            SELECT seq FROM sidelight.actions WHERE kind = 'intent' AND actor = who AND outcome IS NULL ORDER BY seq DESC
            LIMIT CASE WHEN who = '' THEN 512 ELSE 64 END OFFSET CASE WHEN who = '' THEN 256 ELSE 32 END);
          IF cardinality(over) > 16 THEN
            PERFORM sidelight.settle_1(over, 'expired', start.now);
          END IF;
        END LOOP;
      END IF;
      IF start.heard_until > start.now THEN
        PERFORM pg_notify('sidelight.state'::regclass::oid::text, (start.last + many)::text);
      END IF;
    END IF;
    IF q ? 'key' THEN
      INSERT INTO sidelight.delivered (key, ts, first, count, sightings)
      SELECT q->>'key', start.now, CASE WHEN many > 0 THEN start.last + 1 ELSE 0 END, many, coalesce(
        (SELECT jsonb_agg(jsonb_build_array(m.seq, m.key, m.role, m.effect)) FROM unnest(met) AS m), '[]');
    END IF;
    IF q ? 'session' AND NOT q ? 'ago' THEN
      PERFORM sidelight.see_1(q->'session', start.now, CASE WHEN many > 0 THEN start.last + many ELSE 0 END);
    ELSIF q ? 'session' THEN  -- known of from now on, but not seen now
      INSERT INTO sidelight.sessions (actor, agent, first_seen, last_seen, seq, space, machine, body)
      VALUES (actor_given, my_agent, happened, happened, CASE WHEN many > 0 THEN start.last + many ELSE 0 END,
              q->'session'->>'space', q->'session'->>'machine', q->'session'->'body')
      ON CONFLICT DO NOTHING;
    END IF;
  END IF;

  RETURN json_build_object(
    'now', start.now, 'last', start.last, 'before', (
      SELECT json_agg(json_build_array(m.seq, m.key, m.role, m.effect)) FROM unnest(met) AS m),
    'work', work, 'told', told, 'met', left_for_me, 'present', present, 'alive', alive,
    'first', once.first, 'count', once.count,
    'actions', CASE WHEN once.key IS NOT NULL THEN sidelight.actions_1(
      seqs || ARRAY(SELECT generate_series(once.first, once.first + once.count - 1)))
      WHEN seqs IS NOT NULL THEN sidelight.actions_1(seqs) END)::text;
END $$;
