"""Numbers for Prometheus: off until they are asked for, behind the token, and what they count is so."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.server.running import serving

PAGE = Path(__file__).parents[2] / "docs" / "dashboard.md"
ON = {"monitoring": {"crossSessionCoordination": {"metrics": True}}}


def numbers(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_they_are_off_until_the_setting_turns_them_on_and_then_at_once(server):
    client = server.client()
    refused = client.get("/metrics")
    assert refused.status_code == 404
    assert "`metrics`" in refused.json()["error"]
    assert client.patch("/config", json=ON).status_code == 200
    assert client.get("/metrics").status_code == 200


def test_they_count_what_happened_and_carry_no_words_of_anybody(server):
    assert server.client().patch("/config", json=ON).status_code == 200
    for session in ("alpha-session", "beta-session"):
        body = {"activity": "calm the alarms", "area": "monitoring"}
        assert server.client(session=session).post("/coordination/intent", json=body).status_code == 201
    answer = server.client().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = numbers(answer.text)
    assert found["sidelight_actions_total",] == 3
    assert found["sidelight_open_intents",] == 2
    assert found["sidelight_enabled",] == 1
    assert sum(found["sidelight_sessions", state] for state in ("live", "quiet", "gone", "ended")) == 2
    assert sum(found["sidelight_meetings_day", name] for name in ("conflict", "overlap", "nearby")) == 1
    assert (found["sidelight_waiting",], found["sidelight_set_aside",]) == (0, 0)
    for words in ("alpha", "alarms", "monitoring", server.token):
        assert words not in answer.text


def test_they_are_named_as_prometheus_has_it(server):
    """What `promtool check metrics` asks for: words and units in full, `_total` for counters and for nothing else."""
    assert server.client().patch("/config", json=ON).status_code == 200
    families = list(text_string_to_metric_families(server.client().get("/metrics").text))
    assert {"counter", "gauge"} == {one.type for one in families}
    for one in families:
        assert one.documentation, f"{one.name} says what it is"
        assert re.fullmatch(r"(sidelight|process)(_[a-z]+)+", one.name)
        assert not re.search(
            r"_(ms|s|sec|secs|milliseconds|minutes|hours|days|kb|mb|counter|gauge|count|sum|bucket)$", one.name
        )
        names = {sample.name for sample in one.samples}
        assert names == {f"{one.name}_total" if one.type == "counter" else one.name}
        assert not one.name.endswith("_total")
        assert len({(sample.name, *sorted(sample.labels.items())) for sample in one.samples}) == len(one.samples)


def test_without_the_token_nobody_reads_them(server):
    client = server.client()
    del client.headers["Authorization"]
    assert client.get("/metrics").status_code == 401


def test_a_setting_that_is_no_truth_value_is_refused(tmp_path):
    with serving(tmp_path / "agent") as server:
        wrong = json.loads(json.dumps(ON).replace("true", '"yes"'))
        answer = server.client().patch("/config", json=wrong)
        assert answer.status_code == 400
        assert "metrics must be true or false" in answer.json()["error"]


def test_the_page_names_every_one_and_none_that_there_is_not(server):
    assert server.client().patch("/config", json=ON).status_code == 200
    given = {name for name, *_ in numbers(server.client().get("/metrics").text) if name.startswith("sidelight")}
    assert set(re.findall(r"^\| `(sidelight_\w+)[`{]", PAGE.read_text(), re.MULTILINE)) == given
