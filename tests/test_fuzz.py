"""Whatever comes in: a value or an error of ours, never a crash. (Command lines: `effects/test_fuzz.py`.)"""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidelight import Ledger, audit
from sidelight.config import Config, ConfigError, load
from sidelight.desk import TOOLS, Caller, Desk, Mistake
from sidelight.facts.looks import read_status
from sidelight.hosts import HOSTS, Answer, Moment, speech_of
from sidelight.rendezvous import Letter
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
