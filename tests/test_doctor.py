"""What can be wrong: the caller's work goes on, the receipt says what happened, `doctor` names cause and remedy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sidelight import doctor
from sidelight.actions import Draft
from sidelight.ledger import Ledger
from sidelight.stores import MACHINE_CLOCK, Clock
from tests.terminals import SIDELIGHT, Terminal, repository

HOUR = 3_600_000


@pytest.fixture
def here(tmp_path):
    return Terminal(tmp_path / "me", repository(tmp_path / "repo"), session="a")


def wrong(terminal: Terminal) -> dict[str, dict[str, object]]:
    """What `doctor` finds wrong, by name; it fails exactly if that is something."""
    done = terminal.run("doctor", "--json", code=None)
    body = json.loads(done.stdout)
    found = {one["name"]: one for one in body["findings"] if one["wrong"]}
    assert done.returncode == (1 if found else 0)
    assert body["well"] is not bool(found)
    for one in found.values():
        assert one["cause"], "a cause is named"
        assert one["remedy"], "and a remedy"
    return found


# ── all is well ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_machine_is_well_and_nothing_is_made_by_looking(here):
    assert wrong(here) == {}
    assert "will be made with the first action" in here.run("doctor").stdout
    assert not here.home.exists()


def test_a_used_home_is_well(here):
    here.run("intent", "fix the flood")
    assert wrong(here) == {}
    text = here.run("doctor").stdout
    assert text.endswith("All is well.\n")
    assert "the audit log is complete" in text
    assert "is sound; its newest action is number 1" in text


# ── settings, modes, python ───────────────────────────────────────────────────────────────────────────────────────


def test_settings_that_make_no_sense_are_named_with_their_file(here):
    here.run("intent", "x")
    (here.home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"windowMs": "soon"}}}')
    (here.home / "config.json").chmod(0o600)
    found = wrong(here)
    assert set(found) == {"config"}
    assert "windowMs must be" in str(found["config"]["cause"])
    assert str(here.home / "config.json") in str(found["config"]["remedy"])


def test_being_switched_off_is_good_to_know_and_not_wrong_o8(here):
    here.run("intent", "x")
    (here.home / "config.json").write_text('{"monitoring": {"crossSessionCoordination": {"enabled": false}}}')
    (here.home / "config.json").chmod(0o600)
    assert wrong(here) == {}
    assert "Sidelight is switched off" in here.run("doctor").stdout


def test_files_that_others_can_read_are_named_and_mended(here):
    here.run("intent", "x")
    (here.home / "ledger.db").chmod(0o644)
    assert "ledger.db" in str(wrong(here)["modes"]["what"])
    assert "readable by you only" in here.run("doctor", "--repair").stdout
    assert (here.home / "ledger.db").stat().st_mode & 0o777 == 0o600
    assert wrong(here) == {}


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert doctor.places.python().wrong


def test_failures_of_the_last_day_are_counted(here):
    here.run("intent", "x")
    from sidelight import audit

    assert audit.note_error(str(here.home), "the disk was full") is None
    with (here.home / "logs" / "errors.log").open("a") as log:
        log.write("2001-01-01T00:00:00.000Z long ago\n")
    text = here.run("doctor").stdout
    assert "1 failure noted in the last 24 hours" in text
    assert "the disk was full" in text


def test_an_audit_log_that_is_behind_is_noticed(here):
    """O20."""
    here.run("intent", "x")
    shutil.rmtree(here.home / "logs")
    text = here.run("doctor").stdout
    assert "the audit log ends at number 0, the ledger at 1" in text


# ── the clock ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_was_set_back_hides_nothing_and_is_named(here):
    ahead = Clock(lambda: MACHINE_CLOCK.wall() + 3 * HOUR, MACHINE_CLOCK.ticks, MACHINE_CLOCK.boot)
    here.home.mkdir(parents=True, mode=0o700)
    with past(here, ahead) as ledger:
        assert ledger.announce("before the clock was set back", actor="b", area="clocks").recorded
    done = here.run("intent", "after the clock was set back", "--area", "clocks")
    assert "⚠" in done.stdout, "the earlier one still counts"
    text = here.run("recent").stdout
    assert text.index("after the clock") < text.index("before the clock"), "order and age are the ledger's own"
    assert " 0s ago" in text or " 1s ago" in text
    found = wrong(here)
    assert set(found) == {"clock"}
    assert "2h behind" in str(found["clock"]["what"]) or "3h behind" in str(found["clock"]["what"])
    assert "set back" in str(found["clock"]["cause"])


def past(terminal: Terminal, clock: Clock) -> Ledger:
    from sidelight.facts import LiveFacts
    from sidelight.stores import open_store

    store = open_store(str(terminal.home / "ledger.db"), clock=clock)
    return Ledger(store, str(terminal.home), facts=LiveFacts(str(terminal.cwd), terminal.env))


# ── damage ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_no_ledger_costs_the_caller_nothing_and_is_set_aside(here):
    here.home.mkdir(parents=True, mode=0o700)
    (here.home / "ledger.db").write_bytes(b"this is no database\n" * 500)
    (here.home / "ledger.db").chmod(0o600)
    done = here.run("intent", "fix the flood", code=1)
    assert "not recorded" in done.stderr
    assert "sidelight doctor" in done.stderr
    assert here.json("intent", "fix the flood", code=1)["recorded"] is False
    found = wrong(here)
    assert set(found) == {"ledger"}
    assert "--repair" in str(found["ledger"]["remedy"])

    here.run("doctor", "--repair")
    assert wrong(here) == {}
    assert here.json("intent", "fix the flood")["recorded"] is True
    kept = [path for path in here.home.iterdir() if path.is_file() and b"this is no database" in path.read_bytes()]
    assert kept, "the damaged file is set aside, not thrown away"


def test_a_ledger_of_which_nothing_can_be_read_is_said_to_be_lost_and_where_its_audit_is(here):
    here.run("intent", "recorded before the damage")
    for path in here.home.glob("ledger.db*"):
        path.write_bytes(b"\xa5" * path.stat().st_size)
    said = here.run("recent", code=1).stderr
    assert "ledger.db" in said
    assert "sidelight doctor" in said
    said = here.run("doctor", "--repair").stdout
    assert "nothing in it could be read" in said
    assert "audit log" in said
    assert "none lost" not in said
    assert here.json("recent")["count"] == 0
    assert "recorded before the damage" in (here.home / "logs" / "cross-session-events.jsonl").read_text()


@pytest.mark.parametrize(
    ("spoil", "cause", "said"),
    [
        (Path.mkdir, "a directory is in its place", "cannot be opened: Is a directory"),
        (lambda file: file.symlink_to("/nonexistent/x"), "a link that leads nowhere", "cannot be opened: No such file"),
    ],
    ids=["a directory", "a link that leads nowhere"],
)
def test_what_stands_in_the_place_of_a_ledger_is_named_and_left_alone(here, spoil, cause, said):
    here.home.mkdir(parents=True, mode=0o700)
    spoil(here.home / "ledger.db")
    for words in (["intent", "x"], ["recent"], ["who"]):
        assert said in here.run(*words, code=1).stderr
    found = wrong(here)
    assert set(found) == {"ledger"}
    assert cause in str(found["ledger"]["cause"])
    assert "Move " in str(found["ledger"]["remedy"])


def test_what_can_be_read_of_a_damaged_ledger_is_kept(here):
    with past_now(here) as ledger:
        for number in range(400):
            ledger.announce(f"announcement number {number} " + "x" * 100, actor="b")
    file = here.home / "ledger.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    damage(file)
    found = wrong(here)
    assert set(found) == {"ledger"}
    assert "damaged" in str(found["ledger"]["cause"])

    said = here.run("doctor", "--repair").stdout
    assert "repaired:" in said
    assert wrong(here) == {}
    kept = len(here.run("export").stdout.splitlines())
    assert kept >= 100, said
    assert here.json("intent", "life goes on")["recorded"] is True


def past_now(terminal: Terminal) -> Ledger:
    terminal.home.mkdir(parents=True, mode=0o700, exist_ok=True)
    return past(terminal, MACHINE_CLOCK)


def damage(file) -> None:
    """Overwrite pages of the file, but neither its header nor the schema."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        for place in range(size // 2, size // 2 + 40_000, 4096):
            stream.seek(place // 4096 * 4096)
            stream.write(b"\xee" * 4096)


def test_repairing_a_sound_ledger_changes_nothing(here):
    here.run("intent", "keep me")
    done = here.run("doctor", "--repair")
    assert "repaired" not in done.stdout
    assert here.json("recent")["count"] == 1
    assert [path.name for path in here.home.glob("ledger.db*")] == ["ledger.db"]


def test_a_ledger_of_a_newer_sidelight_is_left_alone(here):
    here.run("intent", "x")
    with sqlite3.connect(here.home / "ledger.db") as database:
        database.execute("PRAGMA user_version = 99000")
    database.close()
    done = here.run("intent", "y", code=1)
    assert "99000" in done.stderr
    found = wrong(here)
    assert "Upgrade" in str(found["ledger"]["remedy"])
    here.run("doctor", "--repair", code=1)
    assert (here.home / "ledger.db").exists()


# ── disks: real ones, in a mount namespace of their own, so that even root feels them ─────────────────────────────


def on_a_disk(here: Terminal, script: str) -> list[str]:
    """Run a shell script where the home is a file system of 1 MiB; returns its output in lines.

    `say WORDS` runs `sidelight WORDS` and prints its exit code and what it said, on one line.
    """
    here.home.mkdir(parents=True, mode=0o700)
    prologue = (
        'say() { out=$("$@" 2>&1); printf "%s %s\\n" "$?" "$(printf %s "$out" | tr "\\n" "|")"; }\n'
        f"S='{' '.join(SIDELIGHT)}'\n"
        f"H='{here.home}'\n"
        'mount -t tmpfs -o size=1m,mode=700 tmpfs "$H" || exit 77\n'
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", prologue + script],
        cwd=here.cwd,
        env={**here.env, "PATH": here.env["PATH"] + ":/sbin:/usr/sbin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout.splitlines()


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not _can_mount(), reason="this system lets nobody mount a file system of his own")


def test_a_server_that_does_not_answer_is_not_taken_for_a_file(tmp_path):
    home = tmp_path / "home"
    findings = doctor.examine(doctor.Patient(str(home), "postgresql://me@127.0.0.1:1/team", None))
    (found,) = [one for one in findings if one.name == "ledger"]
    assert found.wrong
    assert "its server, or the way there, is down" in found.cause
    assert "delivered when it is back" in found.remedy


@needs_mounts
def test_a_full_disk_costs_the_caller_nothing_and_loses_nothing(here):
    words = "x" * 1500
    lines = on_a_disk(
        here,
        f"""
        say $S intent "before the disk was full"
        dd if=/dev/zero of="$H/filler" bs=1k count=2000 2>/dev/null
        n=0; while [ $n -lt 40 ]; do n=$((n+1)); out=$($S intent "{words}" 2>&1) || break; done
        say $S intent "{words}"
        say $S intent "{words}" --json
        say $S doctor
        rm "$H/filler"
        say $S intent "after there was room again"
        say $S export
        say $S doctor
        """,
    )
    first, full, full_json, sick, again, export, well = lines
    assert first.startswith("0 Announced")
    assert full.startswith("1 sidelight: not recorded: ")
    assert "sidelight doctor" in full
    assert full_json.startswith("1 {")
    assert '"recorded": false' in full_json
    assert sick.startswith("1 ")
    assert "the disk is full" in sick
    assert "Free some space" in sick
    assert again.startswith("0 Announced")
    assert "before the disk was full" in export
    assert "after there was room again" in export
    assert '"WRONG' not in well


@needs_mounts
def test_a_home_on_a_read_only_file_system_costs_the_caller_nothing(here):
    recorded, refused, as_json, sick, back, seen = on_a_disk(
        here,
        """
        say $S intent "before it was read-only"
        mount -o remount,ro "$H"
        say $S intent "while it is read-only"
        say $S intent "while it is read-only" --json
        say $S doctor
        mount -o remount,rw "$H"
        say $S intent "after it was read-only"
        say $S recent
        """,
    )
    assert recorded.startswith("0 Announced")
    assert refused.startswith("1 sidelight: not recorded: ")
    assert '"recorded": false' in as_json
    assert sick.startswith("1 ")
    assert "read-only" in sick
    assert "SIDELIGHT_HOME" in sick
    assert back.startswith("0 Announced")
    assert "before it was read-only" in seen


def test_a_file_in_place_of_the_home_is_one_clear_sentence(here):
    here.home.parent.mkdir(parents=True)
    here.home.write_text("not a directory")
    for words in (["intent", "x"], ["recent"], ["who"]):
        done = here.run(*words, code=1)
        assert done.stderr.count("\n") == 1
        assert str(here.home) in done.stderr
    assert "is not a directory" in str(wrong(here)["home"]["what"])
    assert here.home.read_text() == "not a directory"


def test_a_home_that_cannot_be_made_is_one_clear_sentence(here):
    done = here.run("--home", "/proc/sidelight", "intent", "x", code=1)
    assert "not recorded" in done.stderr
    assert "/proc" in done.stderr
    body = json.loads(here.run("--home", "/proc/sidelight", "doctor", "--json", code=1).stdout)
    assert any(one["name"] == "home" and one["wrong"] for one in body["findings"])


def test_the_library_says_on_the_receipt_what_happened(here):
    """O7: its own failure never breaks the caller's work."""
    with past_now(here) as ledger:
        assert ledger.announce("before", actor="a").recorded
        file = here.home / "ledger.db"
        for end in ("", "-wal", "-shm"):
            path = f"{file}{end}"
            if os.path.exists(path):
                with open(path, "r+b") as stream:
                    stream.write(b"\0" * os.path.getsize(path))
        receipt = ledger.record(Draft("config-flag", "tunnel.on", value=True, actor="a"))
        assert (receipt.recorded, receipt.id) == (False, None)
        assert receipt.error
