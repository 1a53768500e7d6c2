"""config: the defaults (O21), adding them to a home that exists (O22), and what a change changes (O13)."""

import copy
import json
import math
import os

import json_merge_patch  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight import config
from sidelight.config import (
    DEFAULTS,
    PATCHABLE,
    SECTION,
    SENSITIVE,
    BoundsError,
    ConfigError,
    apply_defaults,
    changed_leaves,
    check,
    check_limit,
    check_window,
    is_sensitive,
    load,
)


def merged(before, patch):
    return json_merge_patch.merge(copy.deepcopy(before), patch)


OURS = DEFAULTS["monitoring"]["crossSessionCoordination"]


def home_with(tmp_path, **ours):
    (tmp_path / "config.json").write_text(json.dumps({"monitoring": {"crossSessionCoordination": ours}}))
    return tmp_path


# ── defaults and load ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_defaults_are_the_origins():
    """O21"""
    origin = {
        "enabled": True,
        "windowMs": 600_000,
        "retentionMs": 3_600_000,
        "sensitiveConfigKeys": ["monitoring", "tunnel", "autonomousSessions", "lifeline", "updates"],
    }
    assert {key: OURS[key] for key in origin} == origin


def test_a_home_without_a_file_has_the_defaults(tmp_path):
    """O12, O21"""
    here = load(tmp_path / "nowhere")
    assert (here.enabled, here.window_ms, here.retention_ms, here.max_actions) == (True, 600_000, 3_600_000, 200)
    assert here.history_ms == 30 * 24 * 3600 * 1000
    assert here.sensitive_keys == SENSITIVE
    assert (here.attention_from, here.attention_mode) == ("nearby", "tell")
    assert (here.ignore, here.mute_sessions, here.mute_spaces) == ((), (), ())
    assert here.raw == {}


def test_what_the_file_says_counts_and_the_rest_is_default(tmp_path):
    here = load(home_with(tmp_path, enabled=False, windowMs=1000, ignore=["build/**"], attention={"mode": "ask"}))
    assert (here.enabled, here.window_ms, here.ignore) == (False, 1000, ("build/**",))
    assert (here.attention_from, here.attention_mode) == ("nearby", "ask")
    assert here.retention_ms == 3_600_000
    assert here.raw["monitoring"]["crossSessionCoordination"]["windowMs"] == 1000


def test_the_defaults_themselves_can_be_loaded(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(DEFAULTS))
    assert load(tmp_path)._replace(raw={}) == load(tmp_path / "nowhere")


WRONG = [
    ("windowMs", "abc"), ("windowMs", "600000"), ("windowMs", 1e9), ("windowMs", math.nan), ("windowMs", math.inf),
    ("windowMs", -1), ("windowMs", 0), ("windowMs", 0.5), ("windowMs", True), ("windowMs", None), ("windowMs", []),
    ("maxActions", 0), ("maxActions", -5), ("maxActions", 1e12), ("retentionMs", 0), ("historyMs", -1),
    ("maxBytes", 0), ("enabled", "yes"), ("enabled", 0), ("enabled", None), ("sensitiveConfigKeys", "tunnel"),
    ("sensitiveConfigKeys", [1]), ("sensitiveConfigKeys", [""]), ("ignore", {}), ("attention", "ask"),
    ("attention", {"mode": "shout"}), ("attention", {"from": "all"}), ("mute", []), ("mute", {"sessions": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG, ids=[f"{key}={value!r}" for key, value in WRONG])
def test_a_setting_that_makes_no_sense_is_an_error_and_never_an_all_clear(tmp_path, key, value):
    with pytest.raises(ConfigError) as caught:
        load(home_with(tmp_path, **{key: value}))
    said = str(caught.value)
    assert str(tmp_path / "config.json") in said  # which file
    assert f"{SECTION}.{key}" in said  # which key
    assert "must be" in said  # what is allowed
    assert "remove it" in said  # what to do


def test_the_error_names_the_allowed_range(tmp_path):
    with pytest.raises(ConfigError, match=r"a whole number from 1 to 86,400,000, but it is 1000000000"):
        load(home_with(tmp_path, windowMs=1_000_000_000))


def test_a_number_written_with_a_point_is_still_whole(tmp_path):
    assert load(home_with(tmp_path, windowMs=600000.0)).window_ms == 600_000


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\udcff", '{"monitoring": []}', "[" * 100_000])
def test_a_file_that_is_no_object_is_an_error(tmp_path, text):
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"config\.json"):
        load(tmp_path)


def test_an_error_shows_no_secret_and_no_control_character(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(home_with(tmp_path, attention={"mode": "\x1b[31mghp_0123456789abcdef0123"}))
    assert "0123456789abcdef0123" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xef\xbb\xbf{}")
    assert load(tmp_path).enabled


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_place_of_the_file_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(ConfigError):
        load(tmp_path)


def test_a_directory_in_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "config.json").mkdir()
    with pytest.raises(ConfigError, match="readable"):
        load(tmp_path)


def test_attention_is_never_read_from_a_home_that_was_found(tmp_path):
    agent, own = tmp_path / "agent", tmp_path / "own"
    agent.mkdir()
    own.mkdir()
    home_with(agent, attention={"from": "conflict", "mode": "pause-once"}, windowMs=5)
    home_with(own, attention={"mode": "ask"})
    here = load(agent, personal=own)
    assert (here.attention_from, here.attention_mode, here.window_ms) == ("nearby", "ask", 5)


def test_a_patch_that_would_leave_an_unusable_file_is_seen_before_it_is_written():
    with pytest.raises(ConfigError, match="windowMs"):
        check({"monitoring": {"crossSessionCoordination": {"windowMs": 0}}})
    with pytest.raises(ConfigError, match="an object"):
        check([])
    assert check({"monitoring": {}}).enabled


# ── bounds of callers ─────────────────────────────────────────────────────────────────────────────────────────────


def test_windows_and_limits_inside_their_bounds_pass():
    assert [check_window(value) for value in (1, "600000", 86_400_000, 5.0)] == [1, 600_000, 86_400_000, 5]
    assert [check_limit(value) for value in (1, "500", 100)] == [1, 500, 100]


@pytest.mark.parametrize(
    "value",
    ["abc", "", "1e9", "NaN", "-1", "0", "86400001", "\uff11\uff12", "9" * 5000, 10**9, math.nan, -1, None, True],
)
def test_a_window_out_of_bounds_is_said(value):
    with pytest.raises(BoundsError, match="windowMs must be a whole number from 1 to 86,400,000, not"):
        check_window(value)


@pytest.mark.parametrize("value", ["abc", "0", "501", 501, -1, 2.5, [], math.inf])
def test_a_limit_out_of_bounds_is_said(value):
    with pytest.raises(BoundsError, match="limit must be a whole number from 1 to 500, not"):
        check_limit(value)


# ── apply_defaults ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_home_gets_all_defaults():
    """O22: existing homes get new defaults this way."""
    home: dict = {}
    assert apply_defaults(home) == (["monitoring"], [])
    assert home == DEFAULTS
    home["monitoring"]["crossSessionCoordination"]["ignore"].append("x")
    assert OURS["ignore"] == []  # nothing is shared


def test_what_is_there_is_never_overwritten():
    """O22: adds only missing keys, never overwrites."""
    home = {"port": 1, "monitoring": {"watchdog": False, "crossSessionCoordination": {"enabled": False, "windowMs": 5}}}
    applied = apply_defaults(home)
    ours = home["monitoring"]["crossSessionCoordination"]  # type: ignore[index]
    assert (ours["enabled"], ours["windowMs"], ours["retentionMs"]) == (False, 5, 3_600_000)
    assert home["port"] == 1
    assert f"{SECTION}.retentionMs" in applied.added
    assert f"{SECTION}.enabled" not in applied.added


def test_a_list_is_a_leaf():
    """O22: arrays are leaves."""
    home: dict = {"monitoring": {"crossSessionCoordination": {"sensitiveConfigKeys": ["mine"]}}}
    apply_defaults(home)
    assert home["monitoring"]["crossSessionCoordination"]["sensitiveConfigKeys"] == ["mine"]


@pytest.mark.parametrize("other", [True, "off", 5, [], None])
def test_a_type_mismatch_is_left_alone(other):
    """O22"""
    home = {"monitoring": other}
    assert apply_defaults(home) == ([], [])
    assert home == {"monitoring": other}
    home = {"monitoring": {"crossSessionCoordination": other}}
    assert apply_defaults(home) == ([], [])


@pytest.mark.parametrize("name", ["_instar_noMigrate", "_sidelight_noMigrate"])
@pytest.mark.parametrize("entry", ["monitoring", SECTION, "crossSessionCoordination"])
def test_an_opt_out_is_respected(name, entry):
    """O22: by dotted path, by a section above, by bare name as in the origin."""
    home = {name: [entry], "monitoring": {"watchdog": True}}
    applied = apply_defaults(home)
    assert applied.added == []
    assert len(applied.skipped) == 1
    assert home == {name: [entry], "monitoring": {"watchdog": True}}


def test_an_opt_out_inside_a_section_that_is_missing_is_respected_too():
    """O22"""
    home: dict = {"_sidelight_noMigrate": [f"{SECTION}.attention", 5, None]}
    applied = apply_defaults(home)
    assert applied == (["monitoring"], [f"{SECTION}.attention"])
    assert "attention" not in home["monitoring"]["crossSessionCoordination"]


def test_a_section_of_which_nothing_is_wanted_is_not_made():
    """O22"""
    home: dict = {"_sidelight_noMigrate": ["a.b"]}
    assert apply_defaults(home, {"a": {"b": 1}}) == ([], ["a.b"])
    assert "a" not in home


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(OBJECTS, OBJECTS)
def test_applying_defaults_twice_changes_nothing(home, defaults):
    """O22"""
    before = copy.deepcopy(home)
    apply_defaults(home, defaults)
    once = copy.deepcopy(home)
    assert apply_defaults(home, defaults) == ([], [])
    assert home == once
    assert _contains(once, before)


def _contains(after, before):
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and _contains(after[key], before[key]) for key in before)
    return after == before


# ── changed leaves ────────────────────────────────────────────────────────────────────────────────────────────────

BEFORE = {"tunnel": {"on": True, "token": "x", "deep": {"a": 1, "b": [1, 2]}}, "jobs": 5, "updates": {"auto": None}}


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({}, []),
        ({"tunnel": {"on": True}}, []),
        ({"tunnel": {"on": False}}, [("tunnel.on", False)]),
        ({"tunnel": {"deep": {"a": 1, "b": [1, 2]}}}, []),
        ({"tunnel": {"deep": {"a": 2}}, "jobs": 6}, [("tunnel.deep.a", 2), ("jobs", 6)]),
        ({"tunnel": {"deep": {"b": [2, 1]}}}, [("tunnel.deep.b", [2, 1])]),
        ({"tunnel": None}, [("tunnel", None)]),
        ({"tunnel": {"token": None}}, [("tunnel.token", None)]),
        ({"absent": None, "tunnel": {"absent": None}}, []),
        ({"updates": {"auto": None}}, [("updates.auto", None)]),
        ({"tunnel": {}}, []),
        ({"jobs": {}}, [("jobs", {})]),
        ({"absent": {}}, [("absent", {})]),
        ({"jobs": {"a": {"b": 1}, "c": None}}, [("jobs.a.b", 1)]),
        ({"absent": {"a": {}, "b": 2}}, [("absent.a", {}), ("absent.b", 2)]),
        ({"absent": {"a": None}}, [("absent", {})]),
        ({"tunnel": 5}, [("tunnel", 5)]),
        ({"tunnel": [1]}, [("tunnel", [1])]),
        ({"jobs": True}, [("jobs", True)]),
        ({"tunnel": {"on": 1}}, [("tunnel.on", 1)]),
    ],
)
def test_a_patch_changes_these_leaves(patch, changed):
    """O13: every changed leaf; RFC 7396."""
    assert changed_leaves(BEFORE, patch) == changed


def test_a_patch_nested_too_deep_is_refused():
    patch: dict = {}
    for _ in range(200):
        patch = {"a": patch}
    with pytest.raises(BoundsError, match="64"):
        changed_leaves({}, patch)


# The examples of RFC 7396, appendix A, as far as the target is an object.
RFC = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}), ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}), ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "patch", "after"), RFC)
def test_the_examples_of_rfc_7396_hold(before, patch, after):
    assert merged(before, patch) == after


@given(OBJECTS, OBJECTS)
def test_nothing_changes_exactly_if_no_leaf_is_said_to(before, patch):
    changed = json.dumps(merged(before, patch), sort_keys=True) != json.dumps(before, sort_keys=True)
    assert changed == bool(changed_leaves(before, patch))


@given(OBJECTS, OBJECTS)
def test_each_leaf_that_is_said_to_change_has_that_value_afterwards(before, patch):
    after = merged(before, patch)
    for dotted, value in changed_leaves(before, patch):
        place = after
        *above, last = dotted.split(".")
        for key in above:
            place = place[key]
        assert (last not in place) if value is None else place[last] == value


# ── sensitive keys ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_sensitive_by_its_segments():
    """O13"""
    assert is_sensitive("tunnel.token", SENSITIVE)
    assert is_sensitive("tunnel", SENSITIVE)
    assert not is_sensitive("tunnels.token", SENSITIVE)
    assert not is_sensitive("jobs.tunnel", SENSITIVE)
    assert is_sensitive("jobs.nightly.at", ["jobs.nightly"])


def test_removing_the_section_above_a_sensitive_key_is_sensitive():
    assert is_sensitive("jobs", ["jobs.nightly"])


def test_our_own_settings_are_sensitive_even_with_no_keys_at_all():
    """A fault of the origin: an empty list switched the backstop off, unrecorded."""
    assert is_sensitive(f"{SECTION}.sensitiveConfigKeys", [])
    assert is_sensitive(SECTION, [])
    assert not is_sensitive("monitoring.watchdog", [])


def test_every_sensitive_section_can_be_patched():
    """A fault of the origin: two of the five sensitive prefixes could never match."""
    assert set(SENSITIVE) <= set(PATCHABLE)
    assert len(PATCHABLE) == len(set(PATCHABLE)) == 16


def test_every_default_has_a_place_in_the_config():
    spoken = set(config.Config._fields)
    for key in OURS:
        folded = "".join(f"_{char.lower()}" if char.isupper() else char for char in key)
        assert any(name.startswith(folded.replace("_config", "")) for name in spoken), key
