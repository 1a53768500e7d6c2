"""Whatever comes in: a value or an error of ours, never a crash. `PARSERS` says which test has which parser."""

import contextlib
import io
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidelight import Ledger, audit, cli
from sidelight.cli import COMMANDS
from sidelight.cli.terminal import Terminal, UsageError
from sidelight.config import BoundsError, Config, ConfigError, check_whole, load
from sidelight.desk import TOOLS, Caller, Desk, Mistake
from sidelight.facts.looks import read_status, reflog
from sidelight.hosts import HOSTS, Answer, Moment, speech_of
from sidelight.hosts.installing import read_record
from sidelight.hosts.jsonc import NotJSONError, parse
from sidelight.rendezvous import Letter
from sidelight.server.coordination import SEQ
from sidelight.stores import StoreError
from sidelight.stores.spool import Parcel, spool_of
from sidelight.targets import named, scheme_of
from tests.fakes import FakeFacts

LITTLE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    "enabled windowMs retentionMs sensitiveConfigKeys maxActions historyMs maxBytes ignore metrics attention mute from "
    "mode".split()
)


@LITTLE
@given(st.dictionaries(NAMES, JSON, max_size=6) | JSON)
def test_settings(tmp_path, section):
    (tmp_path / "config.json").write_text(json.dumps({"monitoring": {"crossSessionCoordination": section}}))
    with contextlib.suppress(ConfigError):
        assert isinstance(load(str(tmp_path)), Config)


@LITTLE
@given(st.binary(max_size=200))
def test_a_settings_file_of_any_bytes(tmp_path, data):
    (tmp_path / "config.json").write_bytes(data)
    with contextlib.suppress(ConfigError):
        assert isinstance(load(str(tmp_path)), Config)


WORDS = st.sampled_from(
    "hook_event_name session_id sessionId cwd tool_name toolName tool_input toolArgs tool_use_id tool_response "
    "tool_calls prompt source reason agent_id event input output args conversation_id workspace_roots timestamp".split()
)
EVENTS = st.sampled_from(
    "PreToolUse PostToolUse PostToolBatch SessionStart SessionEnd UserPromptSubmit preToolUse BeforeTool AfterTool "
    "sessionStart Bash Edit apply_patch".split()
)


@pytest.mark.parametrize("host", HOSTS)
@LITTLE
@given(st.dictionaries(WORDS | TEXTS, EVENTS | JSON, max_size=10))
def test_a_hooks_payload(host, payload):
    speech = speech_of(host)
    moment = speech.read(payload, {})
    assert moment is None or isinstance(moment, Moment)
    if moment is not None:
        answer = speech.reply(moment, Answer("Sidelight: news"))
        assert answer is None or json.loads(answer) is not None


@LITTLE
@given(st.binary(max_size=200))
def test_an_envelope(data):
    with contextlib.suppress(ValueError):
        assert isinstance(Letter(data).env, dict)


SCHEMES = st.sampled_from(
    "path: branch: config: port: db: issue:# pr: commitment: host: a:b c:\\ ~/ ../ ** * #".split()
)


@LITTLE
@given(st.lists(SCHEMES | TEXTS, max_size=5).map("".join))
def test_a_target(text):
    with contextlib.suppress(ValueError):
        assert scheme_of(named(text, FakeFacts()).key)


@LITTLE
@given(
    st.lists(
        st.sampled_from([b"# branch.oid ", b"1 .M ", b"2 R. ", b"u UU ", b"? ", b"\0", b" ", b"a/b"])
        | st.binary(max_size=9),
        max_size=20,
    )
)
def test_what_git_prints(parts):
    head, branch, paths = read_status(b"".join(parts))
    assert isinstance(head, str)
    assert branch is None or isinstance(branch, str)
    assert isinstance(paths, dict)


@LITTLE
@given(st.binary(max_size=300))
def test_an_audit_of_any_bytes(tmp_path, data):
    (tmp_path / "logs").mkdir(exist_ok=True)
    (tmp_path / "logs" / "cross-session-events.jsonl").write_bytes(data)
    assert isinstance(audit.last_seq(str(tmp_path)), int)


@pytest.fixture
def desk(tmp_path):
    with Ledger.open(tmp_path / "home", facts=FakeFacts()) as ledger:
        yield Desk(lambda _: contextlib.nullcontext(ledger))


GIVEN = st.sampled_from("activity area targets minutes command id limit everywhere target session agent cwd".split())


@pytest.mark.parametrize("tool", TOOLS, ids=[tool.name for tool in TOOLS])
@LITTLE
@given(st.dictionaries(GIVEN, JSON, max_size=6))
def test_the_arguments_of_a_tool(desk, tool, arguments):
    with contextlib.suppress(Mistake):
        said, done = desk.call(tool, arguments, Caller("session-a"))
        done()
        json.dumps(said.data.model_dump())


# ── what other programs wrote, and what lies about ──


@LITTLE
@given(st.lists(st.sampled_from([*'{}[]:,"\\/*\n', "//", "/*", "*/", "true", "1e", "\\u12"]) | TEXTS).map("".join))
def test_settings_with_comments(text):
    with contextlib.suppress(NotJSONError):
        parse(text)


@LITTLE
@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_record_of_what_was_installed(tmp_path, data):
    folder = tmp_path / "state" / "sidelight" / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_bytes(data)
    assert read_record({"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}).files == {}


PARCEL = st.fixed_dictionaries(
    {"version": st.just(1) | JSON},
    optional=dict.fromkeys(("op", "body", "key", "boot", "ticks", "wall"), JSON),
)


@LITTLE
@given(st.binary(max_size=300) | PARCEL.map(lambda value: json.dumps(value).encode()))
def test_a_parcel_of_the_spool(tmp_path, data):
    spool = spool_of(str(tmp_path), "postgresql://db.example/x")
    waiting = Path(spool.directory, "waiting")
    waiting.mkdir(parents=True, exist_ok=True)
    (waiting / "one").write_bytes(data)
    assert spool.read("one") is None or isinstance(spool.read("one"), Parcel)


HASH = st.sampled_from(["0" * 40, "a" * 40, "a" * 64, "zz"])
MOVES = st.tuples(HASH, HASH, TEXTS, st.integers() | TEXTS, TEXTS).map(
    lambda one: f"{one[0]} {one[1]} me <{one[2]}> {one[3]} +0000\t{one[4]}\n".encode("utf-8", "surrogatepass")
)


@LITTLE
@given(st.lists(MOVES | st.binary(max_size=60), max_size=8).map(b"".join))
def test_a_reflog(tmp_path, data):
    (tmp_path / "logs").mkdir(exist_ok=True)
    (tmp_path / "logs" / "HEAD").write_bytes(data)
    for move in reflog(str(tmp_path), "HEAD"):
        assert isinstance(move.ts, int)


@settings(LITTLE, max_examples=30)
@given(st.text(max_size=120) | JSON.map(json.dumps))
def test_a_row_of_the_ledger(tmp_path, text):
    """Somebody else's program, or a disk, changed the file: an error of the store's, and the record goes on."""
    with contextlib.closing(Ledger.open(str(tmp_path), facts=FakeFacts())) as ledger:
        ledger.announce("one", actor="a", area="x")
        with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as db, db:
            db.execute("UPDATE actions SET body = ? WHERE seq = 1", (text.encode("utf-8", "replace").decode(),))
        with contextlib.suppress(StoreError):
            ledger.recent()
        ledger.announce("two", actor="b", area="x")


# ── what is asked for ──


WORD = st.sampled_from([*COMMANDS, "--json", "--home", "--session", "--", "-h", "--limit", "--help", "-x", "=", ""])


@LITTLE
@given(st.lists(WORD | TEXTS, max_size=6))
def test_a_command_line_of_ours(given_words):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(UsageError):
        cli._parsed(given_words, Terminal(out, out, {}, as_json=False))


@LITTLE
@given(TEXTS | st.integers().map(str))
def test_the_id_after_which_a_stream_goes_on(text):
    with contextlib.suppress(BoundsError):
        assert check_whole("Last-Event-ID", text, SEQ) >= 0


#: Every parser of what others wrote, and the test here or elsewhere that is given anything at all.
PARSERS = {
    "settings": "tests/test_fuzz.py::test_a_settings_file_of_any_bytes",
    "settings with comments, of agent programs": "tests/test_fuzz.py::test_settings_with_comments",
    "TOML settings of agent programs": "tests/hosts/test_merging.py",
    "the record of what was installed": "tests/test_fuzz.py::test_a_record_of_what_was_installed",
    "CLAUDE.md of a home": "tests/home/test_awareness.py",
    "a hook's payload, of every program": "tests/test_fuzz.py::test_a_hooks_payload",
    "the envelope between a hook and its server": "tests/test_fuzz.py::test_an_envelope",
    "command lines": "tests/effects/test_fuzz.py::test_random_text",
    "targets": "tests/test_fuzz.py::test_a_target",
    "what git prints": "tests/test_fuzz.py::test_what_git_prints",
    "reflogs": "tests/test_fuzz.py::test_a_reflog",
    "the audit": "tests/test_fuzz.py::test_an_audit_of_any_bytes",
    "rows of the ledger": "tests/test_fuzz.py::test_a_row_of_the_ledger",
    "parcels of the spool": "tests/test_fuzz.py::test_a_parcel_of_the_spool",
    "our own command line": "tests/test_fuzz.py::test_a_command_line_of_ours",
    "arguments of the tools": "tests/test_fuzz.py::test_the_arguments_of_a_tool",
    "lines of MCP": "tests/mcp_face/test_bridge.py::test_a_line_that_is_no_message_breaks_nothing",
    "HTTP, every route": "tests/server/test_openapi.py::test_schemathesis_finds_nothing",
    "the place in the stream": "tests/test_fuzz.py::test_the_id_after_which_a_stream_goes_on",
}


@pytest.mark.parametrize("name", PARSERS)
def test_every_parser_has_its_test(name):
    file, _, function = PARSERS[name].partition("::")
    text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
    assert f"def {function}(" in text if function else "@given" in text
