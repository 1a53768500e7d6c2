"""Recorded scenarios through the real code, held to a floor.

Our own scenarios (`tests/scenarios`) are always replayed. A public collision corpus is replayed too where one lies
beside the checkout (`../shared/corpus`) or is named by `SIDELIGHT_CORPUS`; `make corpus` prints its figures.
"""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from sidelight import replay
from tests.stories import Story

OWN = Path(__file__).parent / "scenarios"
PUBLIC = Path(os.environ.get("SIDELIGHT_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus" / "public")

#: Labels of our own that the code does not meet, each with the reason. What is mended must leave this list.
KNOWN = {
    ("aftermath-pull-request-merged", 3): "the number of a pull request is known only from what opening it printed",
    ("aftermath-pull-request-merged", 6): "which branch a pull request merged and deleted is known only to the forge",
    (
        "deps-pnpm-workspace-lockfile",
        6,
    ): "a test run after another changed the tree is told; here it is the other package",
    ("git-submodule-force-update", 3): "which submodules there are is in .gitmodules, which a scenario does not hold",
    ("git-submodule-force-update", 4): "as above",
    ("proc-fuser-and-bare-pid", 7): "the pid of another's server is known only from what starting it printed",
}


def decided(directory, tmp_path, *, one_store=False):
    """(scenario, label, decision) for every step."""
    out = tmp_path / "decisions.jsonl"
    replay.run(str(directory), str(out), one_store=one_store)
    found = {(one["id"], one["step"]): one for one in map(json.loads, out.read_text().splitlines())}
    for file in sorted(directory.glob("*.json")):
        scenario = json.loads(file.read_text())
        for label in scenario["expect"]:
            yield scenario, label, found[scenario["id"], label["step"]]


def figures(rows):
    """The figures that decide, over labels that are neither setup, nor bulk, nor open to either answer."""
    n: Counter[str] = Counter()
    for _, label, made in rows:
        leaked = [text for text in label.get("forbid_text", []) if text in made["text"] or text in made["stored"]]
        n["leaks"] += len(leaked)
        if label.get("record") in ("must", "must_not"):
            n[label["record"]] += 1
            n[label["record"] + " ok"] += made["recorded"] == (label["record"] == "must")
        if label.get("bulk") and not label["warn"]:
            n["bulk"] += 1
            n["bulk alarms"] += made["warn"]
        if label.get("setup") or label.get("bulk") or label.get("tolerance") == "either":
            continue
        n[
            "hit"
            if label["warn"] and made["warn"]
            else "missed"
            if label["warn"]
            else "alarm"
            if made["warn"]
            else "silent"
        ] += 1
        if label["warn"] and label["severity"] == "conflict":
            n["conflict"] += 1
            n["conflict hit"] += made["warn"]
    return n


def held_to(n, *, recall, conflict, precision, must):
    assert n["hit"] / (n["hit"] + n["missed"]) >= recall, n
    assert n["conflict hit"] / n["conflict"] >= conflict, n
    assert n["hit"] / (n["hit"] + n["alarm"]) >= precision, n
    assert n["must ok"] / n["must"] >= must, n
    assert n["must_not ok"] / n["must_not"] >= 0.95, n
    assert n["leaks"] == 0
    assert n["bulk alarms"] <= 0.02 * max(1, n["bulk"])


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="no public corpus beside this checkout; SIDELIGHT_CORPUS names one")
def test_the_public_corpus_stays_above_the_floor(tmp_path):
    held_to(figures(decided(PUBLIC, tmp_path)), recall=0.97, conflict=0.99, precision=0.98, must=0.98)


def test_our_own_scenarios_are_met_but_for_those_with_a_reason(tmp_path):
    rows = list(decided(OWN, tmp_path))
    held_to(figures(rows), recall=0.97, conflict=0.965, precision=0.98, must=0.98)
    strict = [row for row in rows if not {"setup", "bulk"} & set(row[1]) and row[1].get("tolerance") != "either"]
    wrong = {(one["id"], label["step"]) for one, label, made in strict if label["warn"] != made["warn"]}
    assert wrong == set(KNOWN)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="no public corpus beside this checkout; SIDELIGHT_CORPUS names one")
def test_no_warning_crosses_from_one_scenario_to_another_in_one_store(tmp_path):
    def warned(*, one_store):
        rows = decided(PUBLIC, tmp_path, one_store=one_store)
        return {(one["id"], label["step"]) for one, label, made in rows if made["warn"]}

    # (A command that names its repository in full is not reached by the prefix, so a few are silent here.)
    assert warned(one_store=True) <= warned(one_store=False)
    assert len(warned(one_store=True)) > 100


def test_the_replay_never_reads_the_labels(tmp_path):
    for file in OWN.glob("*.json"):
        scenario = json.loads(file.read_text())
        del scenario["expect"]
        (tmp_path / file.name).write_text(json.dumps(scenario))
    told: list[tuple[int, int]] = []
    replay.run(str(OWN), str(tmp_path / "with.jsonl"), progress=lambda done, of: told.append((done, of)))
    assert told == [(number, len(told)) for number in range(len(told))]
    assert told
    replay.run(str(tmp_path), str(tmp_path / "without.jsonl"))

    def said(name):
        lines = (tmp_path / name).read_text().splitlines()
        return [(one["id"], one["step"], one["warn"], one["about"]) for one in map(json.loads, lines)]

    assert said("with.jsonl") == said("without.jsonl")


def test_forty_busy_sessions_with_unrelated_work_are_silent(tmp_path):
    story = Story(tmp_path)
    roll = random.Random(7)
    sessions = []
    for number in range(40):
        root = f"/work/{number}"
        trees = {root: {"common_dir": f"{root}/.git", "remote": f"acme/app{number}", "branch": f"topic-{number}"}}
        sessions.append((root, story.session(f"session-{number}", cwd=root, trees=trees, remote=f"acme/app{number}")))
    commands = [
        "git commit -am wip && git push",
        "git fetch && git rebase origin/main",
        "git stash && git stash pop",
        "npm test",
        "rm -rf dist build",
        "git reset --hard HEAD~1",
        "gh pr create --fill",
        "git switch -c other && git switch -",
    ]
    for _ in range(600):
        root, actor = roll.choice(sessions)
        if roll.random() < 0.6:
            receipt = actor.edits(f"{root}/src/module{roll.randrange(9)}.py")
        else:
            receipt = actor.runs(roll.choice(commands))
        assert receipt.warning is None, receipt.warning
    story.close()
