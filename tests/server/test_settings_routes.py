"""`PATCH /config` and `GET /config`, against a real `sidelight serve`: rows O13, O15, O21, O22, and its faults."""

import json
import stat
import threading
from typing import Any

import pytest

from tests.server.running import serving

OURS = "monitoring.crossSessionCoordination"


def recent(server, **params):
    return server.client().get("/coordination/recent", params=params).json()["actions"]


def flips(server):
    """Dotted target → value of every recorded config-flag, oldest first."""
    return [(one["target"], one["value"]) for one in reversed(recent(server)) if one["kind"] == "config-flag"]


@pytest.fixture
def settled(home):
    """A server on a home with settings that a person wrote, in their own style."""
    home.mkdir()
    (home / "config.json").write_text(
        '{\n    "zebra": {"kept": [1, 2]},\n    "tunnel": {\n        "enabled": true,\n        "port": 8080\n    },\n'
        '    "_sidelight_noMigrate": ["monitoring"],\n    "authToken": "t0ken",\n    "ünï": "✓"\n}\n'
    )
    with serving(home) as server:
        yield server


def test_a_flip_is_written_first_and_recorded_with_its_dotted_target_and_value(server):
    """O13, O15: nothing to say leaves the warning out."""
    alpha = server.client(session="alpha")
    answer = alpha.patch("/config", json={"monitoring": {"redrive": {"enabled": False}}, "jobs": {"nightly": True}})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["success"], body["patched"]) == (True, ["monitoring", "jobs"])
    assert "note" in body
    assert "coordinationWarning" not in body
    assert server.config["monitoring"]["redrive"] == {"enabled": False}
    assert flips(server) == [("monitoring.redrive.enabled", False)]
    quiet = recent(server, quiet="true")
    assert {one["target"]: one["kind"] for one in quiet}["jobs.nightly"] == "config-set"


def test_a_merge_patch_keeps_siblings_order_indent_and_what_it_does_not_know(settled):
    """O13: RFC 7396; the origin dropped the siblings of nested keys."""
    before = settled.config_text
    settled.client().patch("/config", json={"tunnel": {"port": None, "host": "example.test"}, "updates": {"on": 1}})
    after = settled.config_text
    assert json.loads(after)["tunnel"] == {"enabled": True, "host": "example.test"}
    assert list(json.loads(after)) == [*json.loads(before), "updates"]
    assert after.startswith('{\n    "zebra": {\n        "kept"')
    assert after.endswith("}\n")
    assert '"ünï": "✓"' in after
    assert stat.S_IMODE((settled.home / "config.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "patch",
    [
        [], None, "x", 7, {"zebra": 1}, {"authToken": "mine"}, {"tunnel": {"on": 1}, "other": 2},
        {"monitoring": {"crossSessionCoordination": {"windowMs": 0}}},
        {"monitoring": {"crossSessionCoordination": {"windowMs": "abc"}}},
        {"monitoring": {"crossSessionCoordination": {"maxActions": -1}}},
        {"monitoring": {"crossSessionCoordination": 7}},
    ],
)  # fmt: skip
def test_a_patch_that_may_not_be_applied_is_a_400_and_nothing_is_written(settled, patch):
    """O13; the last row of origin.md's table of faults: a configuration error, never a false all-clear."""
    before = settled.config_text
    answer = settled.client().patch("/config", json=patch)
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)
    assert settled.config_text == before
    assert recent(settled, quiet="true") == []


def test_a_patch_that_changes_nothing_writes_and_records_nothing(settled):
    before = settled.config_text
    body = settled.client().patch("/config", json={"tunnel": {"enabled": True}}).json()
    assert body["success"] is True
    assert settled.config_text == before
    assert recent(settled, quiet="true") == []


@pytest.mark.parametrize(
    ("patch", "recorded"),
    [
        ({"tunnel": {}}, [("tunnel", {})]),
        ({"inputGuard": {"enabled": False}}, []),
        ({"updates": None}, [("updates", None)]),
        ({"autonomousSessions": {"max": 3}}, [("autonomousSessions.max", 3)]),
        ({"lifeline": {"restart": True}}, [("lifeline.restart", True)]),
        ({"monitoring": {"crossSessionCoordination": {"windowMs": 1000}}}, [(f"{OURS}.windowMs", 1000)]),
    ],
)
def test_every_changed_leaf_under_a_sensitive_prefix_is_recorded(home, patch, recorded):
    """O13, O21: an emptied section, the coordinator's own keys, and prefixes that the origin's PATCH refused."""
    home.mkdir()
    (home / "config.json").write_text('{"tunnel": "off", "updates": {"on": true}, "_instar_noMigrate": ["monitoring"]}')
    with serving(home) as server:
        assert server.client().patch("/config", json=patch).status_code == 200
        assert flips(server) == recorded
        key = next(iter(patch))
        everything = [one["target"].partition(".")[0] for one in recent(server, quiet="true")]
        assert everything == [key]


def test_the_backstop_cannot_be_switched_off_unseen(server):
    """Design 10: always recorded, also with an empty key list and while passive; judged by what was before it."""
    beta = server.client(session="beta")
    server.client(session="alpha").post("/coordination/intent", json={"activity": "watch", "area": "monitoring"})
    off = {"monitoring": {"crossSessionCoordination": {"sensitiveConfigKeys": []}}, "tunnel": {"on": True}}
    first = beta.patch("/config", json=off).json()
    assert first["coordinationWarning"].startswith("⚠ Cross-session:")
    assert flips(server) == [(f"{OURS}.sensitiveConfigKeys", []), ("tunnel.on", True)]
    beta.patch("/config", json={"monitoring": {"crossSessionCoordination": {"enabled": False}}})
    passive = beta.patch(
        "/config", json={"monitoring": {"crossSessionCoordination": {"windowMs": 5000}}, "jobs": {"a": 1}}
    )
    assert "coordinationWarning" not in passive.json()
    assert flips(server)[2:] == [(f"{OURS}.enabled", False), (f"{OURS}.windowMs", 5000)]
    assert [one["target"] for one in recent(server, quiet="true") if one["kind"] == "config-set"] == []


def test_a_change_takes_effect_without_a_restart(server):
    alpha, beta = server.client(session="alpha"), server.client(session="beta")
    beta.patch("/config", json={"monitoring": {"crossSessionCoordination": {"enabled": False}}})
    assert alpha.post("/coordination/intent", json={"activity": "x"}).json()["recorded"] is False
    beta.patch("/config", json={"monitoring": {"crossSessionCoordination": {"enabled": True}}})
    assert alpha.post("/coordination/intent", json={"activity": "x"}).json()["recorded"] is True
    config = server.config
    config["monitoring"]["crossSessionCoordination"]["enabled"] = False
    (server.home / "config.json").write_text(json.dumps(config))
    assert alpha.post("/coordination/intent", json={"activity": "x"}).json()["recorded"] is False


def test_a_patch_without_a_session_that_changes_two_sensitive_keys_does_not_warn_about_itself(server):
    """Design 4: one request is one append."""
    body = server.client().patch("/config", json={"monitoring": {"a": 1, "b": 2}}).json()
    assert "coordinationWarning" not in body
    assert flips(server) == [("monitoring.a", 1), ("monitoring.b", 2)]


def test_ten_patches_in_a_row_from_one_unknown_caller_are_at_most_present(server):
    """Design 5: two unknown callers are at most present to each other."""
    unknown = server.client()
    said = [unknown.patch("/config", json={"monitoring": {"a": number}}).json() for number in range(10)]
    assert {one.get("severity") for one in said} <= {None, "present"}


def test_two_sessions_that_set_one_key_the_same_are_told_it_is_done_already(server):
    """The table of faults: the origin called it "the same" and said nothing. O5: it is no contradiction."""
    patch = {"tunnel": {"enabled": False}}
    server.client(session="alpha").patch("/config", json=patch)
    server.client(session="alpha").patch("/config", json={"tunnel": {"enabled": True}})
    server.client(session="alpha").patch("/config", json=patch)
    config = server.config
    config["tunnel"] = {}
    (server.home / "config.json").write_text(json.dumps(config))
    body = server.client(session="beta").patch("/config", json=patch).json()
    assert body["severity"] == "overlap"
    assert "set tunnel.enabled to false" in body["coordinationWarning"]
    other = server.client(session="gamma").patch("/config", json={"tunnel": {"enabled": True}}).json()
    assert other["severity"] == "conflict"


def test_patches_at_once_all_survive(server):
    """Two servers on one home and eight threads: no key is lost."""
    patched = []
    with serving(server.home) as second:
        clients = [one.client(session=f"s{number}") for number, one in enumerate([server, second] * 4)]
        barrier = threading.Barrier(len(clients))

        def patch(number, client):
            barrier.wait()
            for turn in range(6):
                answer = client.patch("/config", json={"jobs": {f"k{number}-{turn}": turn}})
                patched.append((f"k{number}-{turn}", answer.status_code))

        threads = [threading.Thread(target=patch, args=pair) for pair in enumerate(clients)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert {status for _, status in patched} == {200}
    assert set(server.config["jobs"]) == {name for name, _ in patched}
    assert len(patched) == 48


def test_a_patch_with_thirty_keys_gives_one_bounded_warning(server):
    """The table of faults: thirty lines, a megabyte of warning."""
    server.client(session="alpha").patch("/config", json={"monitoring": {f"k{n}": "x" * 2000 for n in range(30)}})
    beta = server.client(session="beta")
    body = beta.patch("/config", json={"monitoring": {f"k{n}": f"{n}" * 2000 for n in range(30)}}).json()
    assert body["severity"] == "conflict"
    assert len(body["coordinationWarning"]) <= 1500
    assert body["coordinationWarning"].count("\n") <= 4


def test_a_megabyte_of_value_is_kept_in_the_settings_and_bounded_everywhere_else(server):
    """The table of faults: an 11 MB area, a 1 MB value."""
    big = "x" * 900_000
    assert server.client(session="alpha").patch("/config", json={"tunnel": {"note": big}}).status_code == 200
    assert server.config["tunnel"]["note"] == big
    warned = server.client(session="beta").patch("/config", json={"tunnel": {"note": "y"}})
    assert len(warned.content) < 4000
    assert len(server.client().get("/coordination/recent").content) < 40_000


def test_too_many_leaves_or_too_deep_a_patch_is_refused_whole(server):
    before = server.config_text
    many = server.client().patch("/config", json={"jobs": {f"k{n}": n for n in range(1001)}})
    deep: Any = 1
    for _ in range(100):
        deep = {"a": deep}
    assert (many.status_code, server.client().patch("/config", json={"jobs": deep}).status_code) == (400, 400)
    assert server.config_text == before


def test_a_masked_secret_that_is_sent_back_does_not_replace_the_secret(server):
    client = server.client()
    client.patch("/config", json={"tunnel": {"token": "s3cr3t-tunnel-token"}})
    shown = client.get("/config").json()["tunnel"]
    assert shown == {"token": "***"}
    assert client.patch("/config", json={"tunnel": shown}).status_code == 400
    assert server.config["tunnel"]["token"] == "s3cr3t-tunnel-token"


def test_the_same_patch_delivered_again_does_not_undo_what_came_between(server):
    """Design 4, "once"."""
    alpha, beta = server.client(session="alpha", Idempotency_Key="k"), server.client(session="beta")
    first = alpha.patch("/config", json={"tunnel": {"on": True}}).json()
    beta.patch("/config", json={"tunnel": {"on": False}})
    assert alpha.patch("/config", json={"tunnel": {"on": True}}).json() == first
    assert server.config["tunnel"]["on"] is False
    assert flips(server) == [("tunnel.on", True), ("tunnel.on", False)]


def test_settings_that_somebody_broke_by_hand_are_named_and_left_alone(server):
    client = server.client()
    (server.home / "config.json").write_text("{ not json")
    answer = client.patch("/config", json={"tunnel": {"on": True}})
    assert answer.status_code == 503
    assert "config.json" in answer.json()["error"]
    assert server.config_text == "{ not json"
    assert client.post("/coordination/intent", json={"activity": "x"}).json()["recorded"] is False


def test_an_existing_home_gets_the_defaults_it_lacks_once(home):
    """O21, O22."""
    home.mkdir()
    kept = {"monitoring": {"crossSessionCoordination": {"windowMs": 5, "attention": {"mode": "ask"}}}}
    (home / "config.json").write_text(json.dumps(kept, indent=3))
    with serving(home) as server:
        ours = server.config["monitoring"]["crossSessionCoordination"]
        assert (ours["windowMs"], ours["enabled"], ours["attention"]["mode"]) == (5, True, "ask")
        assert ours["sensitiveConfigKeys"] == ["monitoring", "tunnel", "autonomousSessions", "lifeline", "updates"]
        first = server.config_text
    with serving(home) as server:
        assert server.config_text == first
    home2 = home.with_name("other")
    home2.mkdir()
    (home2 / "config.json").write_text('{"_instar_noMigrate": ["monitoring"], "authToken": "t"}')
    with serving(home2) as server:
        assert "monitoring" not in server.config
