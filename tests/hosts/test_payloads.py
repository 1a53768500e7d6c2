"""What the real programs sent (recorded, with versions; Cursor's from its documentation), through the real code."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from sidelight import hosts
from sidelight.hosts import HOSTS, speech_of
from sidelight.hosts.dialogue import Caller, hold
from sidelight.ledger import Ledger

PAYLOADS = Path(__file__).parent / "payloads"
FILES = sorted(PAYLOADS.glob("*/*.json"))

#: The kinds of action in the recorded session of each host (Claude Code's holds Copilot's run of its hooks as well).
KINDS = {
    "claude-code": ["write", "edit", "delete", "write", "edit"],
    "codex": [],
    "gemini-cli": ["write", "edit"],
    "copilot-cli": ["write", "edit"],
    "opencode": ["write", "edit"],
    "cursor": ["push-force"],
}


def opened(file: Path) -> dict:
    return json.loads(file.read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_recorded_event_is_read_with_its_session_and_place(file):
    said = opened(file)
    moment = speech_of(said["host"] if said["host"] in HOSTS else file.parent.name).read(said["stdin"], said["env"])
    assert moment is not None
    assert moment.session
    assert moment.cwd == "/home/dev/app"
    assert moment.host == ("copilot-cli" if "in-copilot" in file.stem else file.parent.name)
    if moment.what in (hosts.BEFORE, hosts.AFTER):
        assert moment.call is not None
        assert moment.key(hosts.BEFORE) is not None
    if moment.what == hosts.AFTER:
        assert moment.outcome in (hosts.DONE, hosts.FAILED, hosts.DENIED)


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_has_recordings_of_all_the_moments_it_offers(host):
    moments = [speech_of(host).read(opened(file)["stdin"], {}) for file in FILES if file.parent.name == host]
    found = {moment.what for moment in moments if moment is not None}
    assert {hosts.START, hosts.PROMPT, hosts.BEFORE, hosts.AFTER, hosts.END} <= found


def told(home, host):
    """The whole recorded session of a host, event by event, and what was answered."""
    answers = []
    with closing(Ledger.open(home)) as ledger:
        for file in sorted(PAYLOADS.glob(f"{host}/*.json")):
            said = opened(file)
            caller = Caller(host, "/home/dev/app", 1, said["env"])
            done = hold(caller, json.dumps(said["stdin"]).encode(), lambda facts: ledger)
            done.settle()
            answers.append((file.stem, done.output))
        actions = ledger.store.follow(0)
        outcomes = ledger.store.state_of([one.id for one in actions])
    return answers, actions, outcomes


@pytest.mark.parametrize("host", HOSTS)
def test_a_recorded_session_is_in_the_ledger_and_every_answer_is_exact_json(host, tmp_path):
    answers, actions, _ = told(tmp_path, host)
    assert all(output is None or isinstance(json.loads(output), dict) for _, output in answers)
    assert [one.kind for one in actions if one.kind != "command"] == KINDS[host]


def test_a_call_that_a_rule_did_not_allow_is_denied(tmp_path):
    _, actions, outcomes = told(tmp_path, "claude-code")
    assert [outcomes.get(one.id) for one in actions if "rm -rf /nope" in (one.summary or "")] == ["denied"]


def test_copilots_run_of_claudes_hooks_records_and_says_nothing_twice(tmp_path):
    home = tmp_path / "home"
    said: list[bytes] = []
    with closing(Ledger.open(home)) as ledger:
        theirs = sorted(PAYLOADS.glob("claude-code/*in-copilot*.json"))
        for own, guest in zip(sorted(PAYLOADS.glob("copilot-cli/*.json")), theirs, strict=True):
            for host, file in (("copilot-cli", own), ("claude-code", guest)):
                caller = Caller(host, "/home/dev/app", 1, opened(file)["env"])
                done = hold(caller, json.dumps(opened(file)["stdin"]).encode(), lambda facts: ledger)
                done.settle()
                said += [done.output] if done.output else []
        assert [one.kind for one in ledger.store.follow(0) if one.kind != "command"] == KINDS["copilot-cli"]
    assert len(said) == 1  # how to announce, at the start
