r"""What an SQL text does when it runs: reads, writes, or destroys; and to which database.

    >>> [(v.level, v.label) for v in verdicts("-- tidy\nDELETE FROM carts; SELECT 'DROP TABLE x'")]
    [(2, 'DELETE carts'), (0, 'SELECT')]

Comments, string literals and quoted identifiers never count as words. A block that is rolled back did nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sidelight.records import NamedTuple

READ, WRITE, RESET, KILL = 0, 1, 2, 3
"""What a statement does: nothing lasting; changes data or schema; drops, empties; ends other people's sessions."""


class Verdict(NamedTuple):
    """One statement: how far it goes, the database if the statement names another one, and its short spelling."""

    level: int
    label: str
    database: str | None = None


class Token(NamedTuple):
    """`kind` is `word`, `name` (a quoted identifier), `string`, `mark`, `end` (`;`) or `meta` (a client's command)."""

    kind: str
    text: str


Read = Callable[[str], str | None]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]*)
    | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$)
    | (?P<string>(?:[eE](?='))?'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<name>"(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z))
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>\d[\w.]*)
    | (?P<end>;)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_STRING = re.compile(r"'(?:[^']|'')*(?:'|\Z)")
_BLOCK_MARK = re.compile(r"/\*|\*/")

_LIMIT = 2_000_000


def _comment_end(text: str, place: int) -> int:
    depth = 0
    for found in _BLOCK_MARK.finditer(text, place):
        depth += 1 if found.group() == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def tokens(text: str, *, hashes: bool = False, metas: bool = False) -> Iterator[Token]:
    r"""The words of an SQL text. `hashes`: `#` begins a comment (MySQL). `metas`: `\cmd` is the client's (psql)."""
    place = 0
    text = text[:_LIMIT]
    while place < len(text):
        if text.startswith("/*", place):
            if text.startswith("/*!", place):  # MySQL runs what stands in it
                place = re.compile(r"/\*!\d*").match(text, place).end()  # type: ignore[union-attr]
            else:
                place = _comment_end(text, place)
            continue
        if (hashes and text[place] == "#") or (metas and text[place] == "\\"):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            if text[place] == "\\":
                yield Token("meta", text[place + 1 : end].strip())
            place = end
            continue
        found = _TOKEN.match(text, place)
        if found is None:  # pragma: no cover - `mark` takes any character
            return
        kind = found.lastgroup or "mark"
        if found.group("dollar"):
            close = text.find(found.group("dollar"), found.end())
            close = len(text) if close < 0 else close
            yield Token("string", text[found.end() : close])
            place = close + len(found.group("dollar"))
            continue
        if kind == "string":
            if not hashes and text[place] == "'":  # a backslash is a plain character here
                found = _PLAIN_STRING.match(text, place) or found
            yield Token("string", found.group().partition("'")[2].removesuffix("'").replace("''", "'"))
        elif kind == "name":
            yield Token("name", found.group()[1:-1])
        elif kind != "space":
            yield Token(kind, found.group())
        place = found.end()


def statements(stream: Iterator[Token]) -> Iterator[list[Token]]:
    """Split at `;`, and around each of the client's own commands."""
    held: list[Token] = []
    for token in stream:
        if token.kind in ("end", "meta"):
            if held:
                yield held
            held = []
            if token.kind == "meta":
                yield [token]
        else:
            held.append(token)
    if held:
        yield held


# ── what a statement does ─────────────────────────────────────────────────────────────────────────────────────────

#: First words that change nothing that lasts: reads, and what belongs to one's own session.
_QUIET = frozenset(
    "SELECT SHOW DESCRIBE DESC VALUES TABLE HELP EXPLAIN USE SET RESET BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT "
    "RELEASE DECLARE FETCH CLOSE MOVE DEALLOCATE LISTEN UNLISTEN DISCARD CHECKPOINT ATTACH DETACH PREPARE LOCK LIST "
    "EXISTS WATCH GO CONSISTENCY TRACING PAGING EXPAND".split()
)
#: First words that change data or schema in part.
_WRITES = frozenset(
    "INSERT UPDATE DELETE MERGE UPSERT REPLACE COPY ALTER CREATE GRANT REVOKE COMMENT REFRESH IMPORT REASSIGN CALL "
    "EXEC "
    "EXECUTE DO LOAD RENAME FLUSH OPTIMIZE VACUUM REINDEX CLUSTER ANALYZE NOTIFY SECURITY BATCH SYSTEM BACKUP RESTORE "
    "REPAIR HANDLER INSTALL UNINSTALL EXPORT".split()
)
#: What a DROP takes data (or somebody's access) away with; dropping an index, a view or a function is a change.
_DROPPED = frozenset(
    "DATABASE SCHEMA TABLE TABLES OWNED TYPE DOMAIN KEYSPACE TABLESPACE USER ROLE SEQUENCE FOREIGN COLUMNFAMILY "
    "DICTIONARY PUBLICATION SUBSCRIPTION SERVER".split()
)
_DML = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE"))
_WRITING_CALLS = frozenset(
    "SETVAL LO_IMPORT LO_UNLINK LO_CREATE DBLINK_EXEC PG_DROP_REPLICATION_SLOT PG_CREATE_LOGICAL_REPLICATION_SLOT "
    "PG_RELOAD_CONF PG_SWITCH_WAL PG_PROMOTE PG_RESTORE_POINT PG_CREATE_RESTORE_POINT PG_STAT_RESET "
    "PG_STAT_STATEMENTS_RESET".split()
)
_KILLING_CALLS = frozenset(("PG_TERMINATE_BACKEND", "PG_CANCEL_BACKEND"))
_PRAGMA_WRITES = frozenset(
    "JOURNAL_MODE USER_VERSION APPLICATION_ID AUTO_VACUUM PAGE_SIZE WRITABLE_SCHEMA WAL_CHECKPOINT INCREMENTAL_VACUUM "
    "OPTIMIZE ENCODING SCHEMA_VERSION REKEY".split()
)
_FILLERS = frozenset("IF NOT EXISTS ONLY CONCURRENTLY OR REPLACE INTO FROM LOW_PRIORITY IGNORE QUICK FORCE".split())


def _upper(token: Token) -> str:
    return token.text.upper() if token.kind == "word" else ""


def _words(statement: Sequence[Token]) -> list[str]:
    return [_upper(token) for token in statement]


def _first_after(statement: Sequence[Token], start: int) -> str:
    """The first name from `start` on that is no filler, with its qualifiers: `public.orders`."""
    place = start
    while place < len(statement) and _upper(statement[place]) in _FILLERS:
        place += 1
    name = ""
    while place < len(statement) and statement[place].kind in ("word", "name", "number"):
        name += statement[place].text
        if place + 1 < len(statement) and statement[place + 1].text == ".":
            name += "."
            place += 2
        else:
            break
    return name


def _has_condition(statement: Sequence[Token]) -> bool:
    """Is there a WHERE (or a LIMIT) that leaves anything out? `WHERE true` and `WHERE 1=1` leave nothing out."""
    words = _words(statement)
    if "WHERE" not in words:
        return "LIMIT" in words
    tail = [token.text.upper() for token in statement[words.index("WHERE") + 1 :]]
    return tail[:1] != ["TRUE"] and tail not in (["1"], ["1", "=", "1"]) and tail[:4] != ["1", "=", "1", "RETURNING"]


def _dml(statement: Sequence[Token], start: int) -> Verdict:
    """INSERT, UPDATE, DELETE or MERGE beginning at `start`."""
    verb = _upper(statement[start])
    rest = statement[start:]
    label = f"{verb} {_first_after(statement, start + 1)}".strip()
    everything = verb in ("UPDATE", "DELETE") and not _has_condition(rest)
    return Verdict(RESET if everything else WRITE, label)


def _inner_dml(statement: Sequence[Token]) -> Verdict | None:
    """A DELETE, INSERT, UPDATE that stands inside: in a CTE, after the CTEs, in `COPY (DELETE …) TO`."""
    worst: Verdict | None = None
    for place, token in enumerate(statement):
        if _upper(token) in _DML and (place == 0 or statement[place - 1].text in "()"):
            found = _dml(statement, place)
            if worst is None or found.level > worst.level:
                worst = found
    return worst


def _select(statement: Sequence[Token]) -> Verdict:
    words = _words(statement)
    for place, word in enumerate(words[:-1]):
        if word in _KILLING_CALLS and statement[place + 1].text == "(":
            return Verdict(KILL, f"SELECT {statement[place].text}()")
        if word in _WRITING_CALLS and statement[place + 1].text == "(":
            return Verdict(WRITE, f"SELECT {statement[place].text}()")
    inner = _inner_dml(statement)
    if inner:
        return inner
    if words[0] == "SELECT" and "INTO" in words:
        into = words.index("INTO")
        target = statement[into + 1 : into + 2]
        if target and target[0].kind in ("word", "name") and _upper(target[0]) not in ("OUTFILE", "DUMPFILE", "TEMP"):
            return Verdict(WRITE, f"SELECT INTO {_first_after(statement, into + 1)}")
    return Verdict(READ, words[0])


def _explain(statement: Sequence[Token], read: Read | None) -> Verdict:
    """EXPLAIN only plans; with ANALYZE it runs."""
    place, runs = 1, False
    if place < len(statement) and statement[place].text == "(":
        while place < len(statement) and statement[place].text != ")":
            if _upper(statement[place]) in ("ANALYZE", "ANALYSE"):
                runs = _upper(statement[place + 1]) not in ("FALSE", "OFF") if place + 1 < len(statement) else True
            place += 1
        place += 1
    while place < len(statement) and _upper(statement[place]) in ("ANALYZE", "ANALYSE", "VERBOSE"):
        runs = runs or _upper(statement[place]) != "VERBOSE"
        place += 1
    return classify(statement[place:], read) if runs and place < len(statement) else Verdict(READ, "EXPLAIN")


def _drop(statement: Sequence[Token]) -> Verdict:
    words = _words(statement)
    what = next((word for word in words[1:] if word not in ("TEMPORARY", "MATERIALIZED")), "")
    name = _first_after(statement, words.index(what) + 1 if what in words else 1)
    label = f"DROP {what} {name}".strip()
    if "TEMPORARY" in words[1:2]:
        return Verdict(READ, label)
    return Verdict(RESET if what in _DROPPED else WRITE, label, name if _names_database(what) else None)


def _names_database(what: str) -> bool:
    return what in ("DATABASE", "KEYSPACE")


def _create_or_alter(statement: Sequence[Token]) -> Verdict:
    words = _words(statement)
    what = next((word for word in words[1:] if word not in ("OR", "REPLACE", "TEMP", "TEMPORARY", "UNIQUE")), "")
    name = _first_after(statement, words.index(what) + 1 if what else 1)
    label = f"{words[0]} {what} {name}".strip()
    if {"TEMP", "TEMPORARY"} & set(words[1:5]):
        return Verdict(READ, label)
    if words[0] == "ALTER" and what == "DATABASE" and "RENAME" in words:
        return Verdict(RESET, label, name)
    return Verdict(WRITE, label, name if _names_database(what) else None)


def _copy(statement: Sequence[Token]) -> Verdict:
    words = _words(statement)
    name = _first_after(statement, 1)
    if "FROM" in words and "TO" not in words[: words.index("FROM")] and statement[1:2] and statement[1].text != "(":
        return Verdict(WRITE, f"COPY {name} FROM")
    return _inner_dml(statement) or Verdict(READ, "COPY TO")


def _do(statement: Sequence[Token]) -> Verdict:
    """A DO block runs its body now: the worst word in it counts, also in what it EXECUTEs."""
    body = next((token.text for token in statement if token.kind == "string"), "")
    return _worst_in_code(body, "DO")


_DESTROYING_CODE = re.compile(r"\b(DROP|TRUNCATE)\b", re.IGNORECASE)


def _worst_in_code(code: str, label: str) -> Verdict:
    level = WRITE
    for token in tokens(code):
        if (token.kind == "word" and _DESTROYING_CODE.fullmatch(token.text)) or (
            token.kind == "string" and _DESTROYING_CODE.match(token.text.strip())
        ):
            level = RESET
    return Verdict(level, label)


def _pragma(statement: Sequence[Token]) -> Verdict:
    texts = [token.text.upper() for token in statement]
    sets = "=" in texts or "(" in texts or texts[1:2] in (["WAL_CHECKPOINT"], ["OPTIMIZE"], ["INCREMENTAL_VACUUM"])
    return Verdict(WRITE if sets and _PRAGMA_WRITES & set(texts) else READ, "PRAGMA")


def classify(statement: Sequence[Token], read: Read | None = None) -> Verdict:
    """What one statement does."""
    while statement and statement[0].text == "(":
        statement = statement[1:]
    verb = _upper(statement[0]) if statement else ""
    if verb in ("SELECT", "WITH", "VALUES", "TABLE"):
        return _select(statement)
    special: dict[str, Callable[[Sequence[Token]], Verdict]] = {
        "DROP": _drop,
        "CREATE": _create_or_alter,
        "ALTER": _create_or_alter,
        "COPY": _copy,
        "DO": _do,
        "PRAGMA": _pragma,
    }
    if verb in special:
        return special[verb](statement)
    if verb in _DML:
        return _dml(statement, 0)
    if verb == "EXPLAIN":
        return _explain(statement, read)
    if verb == "TRUNCATE":
        return Verdict(RESET, f"TRUNCATE {_first_after(statement, 2 if _words(statement)[1:2] == ['TABLE'] else 1)}")
    if verb == "KILL":
        return Verdict(KILL, "KILL")
    if verb == "SET" and {"GLOBAL", "PERSIST", "PASSWORD"} & set(_words(statement)[1:2]):
        return Verdict(WRITE, "SET GLOBAL")
    if verb == "PREPARE":
        return _inner_dml([Token("mark", "("), *statement[3:]]) or Verdict(READ, "PREPARE")
    if verb in _QUIET:
        return Verdict(READ, verb)
    return Verdict(WRITE, f"{verb} {_first_after(statement, 1)}".strip() if verb in _WRITES else verb or "SQL")


# ── a client's own commands ───────────────────────────────────────────────────────────────────────────────────────

_META_READS = re.compile(
    r"(?:d\S*|l\+?|z|q|x|a|t|C|f|H|T|h|\?|c|conninfo|connect|echo|qecho|warn|set|unset|pset|timing|encoding|errverbose|"
    r"g|gx|gset|gdesc|crosstabview|watch|if|elif|else|endif|p|r|s|e|ef|ev|w|o|sf\+?|sv\+?|copyright|prompt|cd|setenv|"
    r"getenv|bind|password)\b"
)


def _meta(text: str, before: Sequence[Token], read: Read | None, depth: int) -> list[Verdict]:
    """One of psql's backslash commands."""
    verb, _, rest = text.partition(" ")
    if verb == "copy":
        return [_copy([Token("word", "COPY"), *tokens(rest)])]
    if verb in ("i", "ir", "include", "include_relative"):
        inner = read(rest.strip().strip("'\"")) if read and depth < 4 else None
        if inner is None:
            return [Verdict(WRITE, f"\\{verb}")]
        return verdicts(inner, metas=True, read=read, depth=depth + 1)
    if verb == "gexec":  # what the query before it printed is run
        drops = any(token.kind == "string" and _DESTROYING_CODE.match(token.text.strip()) for token in before)
        return [Verdict(RESET if drops else WRITE, "\\gexec")]
    if verb == "!" or verb.startswith("lo_"):
        return [Verdict(READ if verb in ("lo_export", "lo_list") else WRITE, f"\\{verb}")]
    return [Verdict(READ if _META_READS.match(text) else WRITE, f"\\{verb}")]


# ── the whole text ────────────────────────────────────────────────────────────────────────────────────────────────


def verdicts(
    text: str, *, hashes: bool = False, metas: bool = False, read: Read | None = None, depth: int = 0
) -> list[Verdict]:
    r"""What each statement of a text does, those of a rolled-back block left out.

    `hashes` is MySQL's way of speaking (`#` comments, backslashes in strings, a DDL statement commits), `metas` psql's.
    After `USE other` or `\c other` the verdicts name that database.
    """
    done: list[Verdict] = []
    pending: list[Verdict] | None = None  # the statements of an open transaction
    database: str | None = None
    before: list[Token] = []
    for statement in statements(tokens(text, hashes=hashes, metas=metas)):
        head = statement[0]
        words = _words(statement[:3])
        if head.kind == "meta":
            found = _meta(head.text, before, read, depth)
            database = _connected(head.text) or database
        elif words[0] == "USE":
            database = _first_after(statement, 2 if words[1:2] in (["DATABASE"], ["ROLE"]) else 1) or database
            found = []
        elif words[0] == "BEGIN" or words[:2] == ["START", "TRANSACTION"]:
            done += pending or []
            pending, found = [], []
        elif words[0] in ("COMMIT", "END"):
            done += pending or []
            pending, found = None, []
        elif words[0] in ("ROLLBACK", "ABORT") and "TO" not in words:
            if pending is not None:
                done += [verdict for verdict in pending if verdict.level == KILL]
            pending, found = None, []
        else:
            found = [classify(statement, read)]
        found = [verdict._replace(database=verdict.database or database) for verdict in found]
        if hashes and pending is not None and words[0] in ("CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME"):
            done += pending + found
            pending = []
        elif pending is None:
            done += found
        else:
            pending += found
        before = statement
    return done + (pending or [])


def _connected(meta: str) -> str | None:
    r"""The database that `\c NAME` goes to."""
    words = meta.split()
    if len(words) > 1 and words[0] in ("c", "connect") and not words[1].startswith("-"):
        return words[1].strip("'\"")
    return None
