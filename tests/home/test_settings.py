"""`home.settings`: a merge patch that loses nothing, whoever writes at the same time (O13)."""

import json
import multiprocessing
import os
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight import config
from sidelight.home import settings


def write(home, text):
    (home / "config.json").write_bytes(text.encode())


def text(home):
    return (home / "config.json").read_bytes().decode()


def change(home, patch):
    with settings.changing(str(home), patch) as done:
        return done


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        # RFC 7396, appendix A, below a key that may be patched
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_rfc_says(tmp_path, original, patch, result):
    write(tmp_path, json.dumps({"tunnel": original}))
    change(tmp_path, {"tunnel": patch})
    assert settings.read(str(tmp_path)) == {"tunnel": result}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "tunnel": 1,\n  "z": [\n    1\n  ]\n}\n', '{\n  "tunnel": 2,\n  "z": [\n    1\n  ]\n}\n'),
        ('{\n\t"z": {},\n\t"tunnel": 1\n}', '{\n\t"z": {},\n\t"tunnel": 2\n}'),
        ('{\r\n    "tunnel": 1\r\n}\r\n', '{\r\n    "tunnel": 2\r\n}\r\n'),
        ('{"z":1,"tunnel":1}\n', '{"z":1,"tunnel":2}\n'),
        ('{"z": 1, "tunnel": 1}', '{"z": 1, "tunnel": 2}'),
        ('\ufeff{"tunnel": 1, "ü": "✓"}', '\ufeff{"tunnel": 2, "ü": "✓"}'),
        ('{"tunnel": 1, "u": "\\u00fc"}', '{"tunnel": 2, "u": "\\u00fc"}'),
        ('{"tunnel": 1, "half": "\\ud83d"}', '{"tunnel": 2, "half": "\\ud83d"}'),
        ("", '{\n  "tunnel": 2\n}\n'),
        ("{}\n", '{"tunnel": 2}\n'),
    ],
)
def test_order_indent_line_ends_and_all_else_are_kept(tmp_path, before, after):
    """O13, design 10."""
    if before:
        write(tmp_path, before)
    if before == "":
        write(tmp_path, "{}")
        os.unlink(tmp_path / "config.json")
    change(tmp_path, {"tunnel": 2})
    assert text(tmp_path) == after


def test_a_change_says_what_changed_and_what_was_in_force_before(tmp_path):
    ours = {"monitoring": {"crossSessionCoordination": {"windowMs": 1000, "sensitiveConfigKeys": ["jobs"]}}}
    write(tmp_path, json.dumps(ours))
    done = change(tmp_path, {"monitoring": {"crossSessionCoordination": {"windowMs": 2000, "sensitiveConfigKeys": []}}})
    assert dict(done.leaves) == {f"{config.SECTION}.windowMs": 2000, f"{config.SECTION}.sensitiveConfigKeys": []}
    assert (done.before.window_ms, done.before.sensitive_keys) == (1000, ("jobs",))
    assert config.load(str(tmp_path)).window_ms == 2000


@pytest.mark.parametrize("patch", [[], None, "x", {"nope": 1}, {"tunnel": 1, "authToken": "x"}])
def test_what_may_not_be_patched_changes_nothing(tmp_path, patch):
    """O13."""
    write(tmp_path, '{"tunnel": 0}')
    with pytest.raises(settings.UnpatchableError), settings.changing(str(tmp_path), patch):
        pytest.fail("the change must not be entered")
    assert text(tmp_path) == '{"tunnel": 0}'


def test_every_patchable_key_is_accepted(tmp_path):
    """O13: one list, of which every sensitive prefix is a part (two of five could never match in the origin)."""
    change(tmp_path, {key: {"on": True} for key in config.PATCHABLE})
    assert set(config.SENSITIVE) <= set(config.PATCHABLE)
    assert list(settings.read(str(tmp_path))) == list(config.PATCHABLE)


def test_the_file_is_private_and_a_link_to_it_stays_a_link(tmp_path):
    real = tmp_path / "dotfiles" / "config.json"
    real.parent.mkdir()
    real.write_text('{"a": 1}')
    real.chmod(0o644)
    (tmp_path / "config.json").symlink_to(real)
    change(tmp_path, {"tunnel": 1})
    assert (tmp_path / "config.json").is_symlink()
    assert json.loads(real.read_text()) == {"a": 1, "tunnel": 1}
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert [one.name for one in real.parent.iterdir()] == ["config.json"], "no temporary file is left"


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    write(tmp_path, '{"tunnel": 1}')

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), settings.changing(str(tmp_path), {"tunnel": 2}):
        pytest.fail("the change must not be entered")
    monkeypatch.undo()
    assert text(tmp_path) == '{"tunnel": 1}'
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.json"]


def test_a_settings_file_that_is_broken_is_named_and_left(tmp_path):
    write(tmp_path, "{")
    with pytest.raises(config.ConfigError), settings.changing(str(tmp_path), {"tunnel": 2}):
        pytest.fail("the change must not be entered")
    assert text(tmp_path) == "{"


def _patch_many(home, name, barrier):
    barrier.wait()
    for number in range(15):
        change(home, {"jobs": {f"{name}-{number}": number}})


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_changes_at_once_all_survive(tmp_path, kind):
    """Issue 3: two concurrent PATCHes both survive, of threads and of processes."""
    write(tmp_path, '{"kept": true}')
    context = multiprocessing.get_context("spawn")
    barrier = threading.Barrier(4) if kind == "threads" else context.Barrier(4)
    make = threading.Thread if kind == "threads" else context.Process
    workers = [make(target=_patch_many, args=(tmp_path, f"w{number}", barrier)) for number in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    found = settings.read(str(tmp_path))
    assert found["kept"] is True
    assert len(found["jobs"]) == 60


def test_inside_a_change_nobody_else_changes_the_file(tmp_path):
    """So that the ledger has the flips in the order they happened."""
    order = []
    entered = threading.Event()

    def second():
        entered.wait()
        with settings.changing(str(tmp_path), {"tunnel": 2}):
            order.append("second")

    other = threading.Thread(target=second)
    other.start()
    with settings.changing(str(tmp_path), {"tunnel": 1}):
        entered.set()
        other.join(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert settings.read(str(tmp_path)) == {"tunnel": 2}


def test_a_token_is_made_once_by_however_many_start_at_once(tmp_path):
    found = []
    barrier = threading.Barrier(8)

    def start():
        barrier.wait()
        found.append(settings.token(str(tmp_path), {}))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(found)) == 1
    assert settings.read(str(tmp_path))["authToken"] == found[0]
    assert settings.token(str(tmp_path), {"SIDELIGHT_TOKEN": " other "}) == "other"


def test_what_is_shown_has_no_secrets(tmp_path):
    write(tmp_path, '{"authToken": "abc", "tunnel": {"url": "https://me:pw-1@h/", "maxTokens": 7}}')
    assert settings.masked(str(tmp_path)) == {
        "authToken": "***",
        "tunnel": {"url": "https://me:***@h/", "maxTokens": 7},
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5), st.sampled_from([None, 1, 2, "\t"]), st.booleans())
def test_any_settings_come_through_a_rewrite_unchanged(raw, indent, newline):
    before = json.dumps(raw, indent=indent) + ("\n" if newline else "")
    made = settings.in_the_style_of(before, raw)
    assert json.loads(made) == raw
    assert made.endswith("\n") is newline
