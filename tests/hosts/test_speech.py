"""Every host's JSON is read into the same moments, and answered in its own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidelight import hosts
from sidelight.hosts import HOSTS, NOTHING, Answer, Moment, speech_of


def said(output: bytes | None) -> Any:
    return json.loads(output) if output is not None else None


def before(host: str, event: str) -> Moment:
    return Moment(hosts.BEFORE, event, host, "s1", call_id="t1")


def test_claude_code_gets_advice_without_a_decision():
    speech = speech_of("claude-code")
    assert said(speech.reply(before("claude-code", "PreToolUse"), Answer("mind it"))) == {
        "hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": "mind it"}
    }


def test_codex_is_never_asked_and_never_gets_a_bare_allow():
    speech = speech_of("codex")
    moment = before("codex", "PreToolUse")
    assert said(speech.reply(moment, Answer(ask="sure?"))) is None
    given = said(speech.reply(moment, Answer(given={"session": "s1"})))
    assert given["hookSpecificOutput"]["permissionDecision"] == "allow"
    assert given["hookSpecificOutput"]["updatedInput"] == {"session": "s1"}


@pytest.mark.parametrize("host", ["claude-code", "codex"])
def test_nothing_to_say_is_no_output_at_all(host):
    assert speech_of(host).reply(before(host, "PreToolUse"), NOTHING) is None


@pytest.mark.parametrize("host", ["claude-code", "codex"])
def test_an_event_that_nobody_knows_is_none_of_ours(host):
    assert speech_of(host).read({"hook_event_name": "Invented", "session_id": "s1"}, {}) is None
    assert speech_of(host).read({"hook_event_name": ["PreToolUse"]}, {}) is None


def test_a_call_has_one_key_before_and_after():
    speech = speech_of("claude-code")
    call = {"session_id": "s1", "tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "t1"}
    first = speech.read({**call, "hook_event_name": "PreToolUse"}, {})
    after = speech.read({**call, "hook_event_name": "PostToolUseFailure"}, {})
    assert first is not None
    assert after is not None
    assert after.outcome == hosts.FAILED
    assert first.key() == after.key(hosts.BEFORE) != after.key()


def test_the_names_of_hosts_are_what_the_wire_calls_them():
    assert list(HOSTS) == ["claude-code", "codex", "gemini-cli", "copilot-cli", "opencode", "cursor"]
