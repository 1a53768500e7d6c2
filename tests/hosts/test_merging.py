"""Our part of other programs' settings: put in once, brought up to date, and taken out to the byte."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight.hosts import launcher
from sidelight.hosts.merging import JSONPart, LinesPart, RefusedError, TOMLPart, is_ours
from sidelight.hosts.pieces import OurPart, groups
from tests.hosts.test_jsonc import FILES

EVENTS = (("SessionStart", None), ("PreToolUse", "Bash"))
HOOKS = JSONPart(
    hooks=groups(EVENTS, launcher.command("codex", python="/o/python", script="/o/sidelight")),
    members={("mcpServers", "sidelight"): {"command": "/o/sidelight", "args": ["mcp"]}},
    needed={"version": 1},
)
TABLE = TOMLPart(("mcp_servers", "sidelight"), {"command": "/o/sidelight", "args": ["mcp"]})
THEIRS = '{\n  "hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "lint"}]}]}, // keep\n  "z": 1\n}'


@pytest.mark.parametrize("text", ["", "{}", THEIRS, THEIRS.replace("\n", "\r\n")])
def test_putting_it_in_twice_changes_nothing(text):
    once = HOOKS.put(text)
    assert HOOKS.put(once) == once
    assert HOOKS.take(once, text) == text


@given(FILES)
def test_every_odd_settings_file_is_as_it_was_afterwards(text):
    try:
        after = HOOKS.put(text)
    except RefusedError:
        return
    assert HOOKS.put(after) == after
    assert HOOKS.take(after, text) == text


def test_what_an_older_version_wrote_is_replaced_and_nothing_else():
    older = HOOKS._replace(hooks=groups((*EVENTS, ("Stop", None)), launcher.command("codex", python="/old/python")))
    text = HOOKS.put(older.put(THEIRS))
    assert "/old/" not in text
    assert "lint" in text
    assert text.count("sidelight hook") == text.count("/o/sidelight hook") == 2
    assert HOOKS.take(text, THEIRS) == THEIRS


def test_events_are_written_in_their_natural_order():
    text = JSONPart(hooks=groups((("SessionStart", None), ("UserPromptSubmit", None), ("Stop", None)), "x")).put("")
    assert list(json.loads(text)["hooks"]) == ["SessionStart", "UserPromptSubmit", "Stop"]


def test_a_server_of_that_name_that_is_somebody_elses_is_left_alone():
    with pytest.raises(RefusedError, match="not ours"):
        HOOKS.put('{"mcpServers": {"sidelight": {"command": "/usr/bin/lights"}}}')
    with pytest.raises(RefusedError, match="not ours"):
        TABLE.put('[mcp_servers.sidelight]\ncommand = "lights"\n')
    theirs = '{"mcpServers": {"sidelight": {"command": "/usr/bin/lights"}}}'
    assert HOOKS.take(theirs, theirs) == theirs


def test_a_hook_counts_as_ours_by_its_command_alone():
    ours = launcher.command("codex")
    assert is_ours({"matcher": "Bash", "hooks": [{"type": "command", "command": ours}]})
    assert is_ours({"command": ours})
    assert not is_ours({"hooks": [{"command": ours}, {"command": "lint"}]})
    assert not is_ours({"command": "echo sidelight"})
    assert not is_ours("sidelight hook codex; exit 0")


# ── TOML ──

LINES = st.sampled_from(
    ['model = "x" # mine', "", "# only", "a.b = [1,\n  2, # two\n]", "[features]", "hooks = true", "'q' = 1", "  c=1  "]
)
TABLES = st.sampled_from(["[mcp_servers.docs]", '[mcp_servers."a b"]\ncommand = "x"', "[[profiles]]", "[mcp_servers]"])


@st.composite
def tomls(draw):
    lines = draw(st.lists(LINES, max_size=4, unique=True))
    for table in draw(st.lists(TABLES, max_size=3, unique=True)):
        lines += [table, *draw(st.lists(st.sampled_from(["k = 1", "# c", "", 's = """\n[x]\n"""']), max_size=2))]
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n", "\n\n", "  \n"]))


@given(tomls())
def test_a_toml_file_gets_our_table_and_is_as_it_was_afterwards(text):
    try:
        before = tomllib.loads(text)
        after = TABLE.put(text)
    except (tomllib.TOMLDecodeError, RefusedError):
        return
    now = tomllib.loads(after)
    assert now["mcp_servers"].pop("sidelight") == TABLE.values
    assert now == {**before, "mcp_servers": before.get("mcp_servers", {})}
    assert TABLE.put(after) == after
    assert TABLE.take(after, text) == text


def test_our_table_goes_where_the_one_above_it_is_written_inline():
    text = 'mcp_servers = { docs = { command = "d" } } # mine\nz = 1\n'
    after = TABLE.put(text)
    assert tomllib.loads(after)["mcp_servers"]["sidelight"] == TABLE.values
    assert tomllib.loads(TABLE.take(after, text)) == tomllib.loads(text)


def test_our_table_goes_though_somebody_changed_it_or_wrote_behind_it():
    after = TABLE.put("a = 1\n") + '[mcp_servers.sidelight.env]\nX = "1"\n[theirs]\nb = 2\n'
    assert tomllib.loads(TABLE.take(after, "a = 1\n")) == {"a": 1, "theirs": {"b": 2}}


def test_a_toml_file_that_cannot_be_read_is_refused():
    for text in ("a = ", "mcp_servers = 3\n"):
        with pytest.raises(RefusedError):
            TABLE.put(text)


# ── lines, and what is no text ──


@pytest.mark.parametrize("text", ["", "# git's\n*.o\n", "*.o"])
def test_lines_are_put_at_the_end_once_and_taken_out(text):
    part, other = LinesPart("codex in /a", ("/.codex/hooks.json",)), LinesPart("cursor in /a", ("/.cursor",))
    once = part.put(text)
    assert part.put(once) == once
    assert part.take(once, text) == text
    assert part.take(other.put(once), text) == other.put(text if text.endswith("\n") or not text else text + "\n")


def test_a_byte_order_mark_stays_and_what_is_no_text_is_refused():
    piece = OurPart("settings.json", HOOKS)
    marked = b'\xef\xbb\xbf{"a": 1}'
    after = piece.put(marked)
    assert after.startswith(b"\xef\xbb\xbf{")
    assert piece.take(after, marked) == marked
    with pytest.raises(RefusedError, match="UTF-8"):
        piece.put(b'{"a": "\xff"}')
