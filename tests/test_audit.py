"""audit: one line an action (O20), by many processes at once, rotated, and never in anybody's way."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from sidelight import audit
from sidelight.audit import ERRORS, NAME, append, catch_up, last_seq, missing, note_error


def one(seq, **more):
    return {"seq": seq, "id": f"intent-{seq}", "kind": "intent", "target": None, "ts": 1_764_000_000_123 + seq, **more}


def log(home):
    return pathlib.Path(home, "logs", NAME)


def lines(home):
    """Every line of every file, oldest file first."""
    files = sorted(
        log(home).parent.glob(NAME + "*"), key=lambda file: -int(file.suffix[1:]) if file.suffix[1:].isdigit() else 0
    )
    return [json.loads(text) for file in files for text in file.read_text(encoding="utf-8").splitlines()]


def test_each_action_is_one_line_with_its_time_and_the_number_of_concurrent_ones(tmp_path):
    """O20"""
    assert append(str(tmp_path), [one(1, concurrentCount=2, reason="fix"), one(2, concurrentCount=0)]) is None
    first, second = lines(tmp_path)
    assert first["recordedAt"] == "2025-11-24T16:00:00.124Z"
    assert (first["concurrentCount"], first["reason"], first["id"], first["kind"]) == (2, "fix", "intent-1", "intent")
    assert (second["seq"], second["concurrentCount"]) == (2, 0)


def test_nothing_to_write_makes_no_file(tmp_path):
    assert append(str(tmp_path), []) is None
    assert not log(tmp_path).exists()


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_file_and_directory_are_private(tmp_path):
    """A fault of the origin: mode 0644."""
    old = os.umask(0)
    try:
        append(str(tmp_path), [one(1)], max_bytes=1)
        append(str(tmp_path), [one(2)])
        note_error(str(tmp_path), "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(log(tmp_path).parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in log(tmp_path).parent.iterdir()} == {0o600}


def test_no_secret_is_written(tmp_path):
    """A fault of the origin: `tunnel.token` in plain text."""
    append(
        str(tmp_path),
        [
            one(1, kind="config-flag", target="tunnel.token", value="hunter2"),
            one(2, target="tunnel", value={"token": "hunter2", "port": 80}),
            one(3, reason="with PASSWORD=hunter2", summary="mysql -phunter2"),
        ],
    )
    assert "hunter2" not in log(tmp_path).read_text()
    assert lines(tmp_path)[1]["value"] == {"token": "***", "port": 80}


@pytest.mark.parametrize("text", ["a\nb", "a\u2028b\u2029c\x85d", "\x1b[31m", "\ud800", "\u202e", "\0"])
def test_whatever_a_text_holds_it_is_one_line_and_reads_back(tmp_path, text):
    append(str(tmp_path), [one(1, reason=text), one(2)])
    raw = log(tmp_path).read_bytes()
    assert len(raw.decode().splitlines()) == 2
    assert lines(tmp_path)[0]["reason"] == text
    assert b"\x1b" not in raw


def test_a_line_is_bounded(tmp_path):
    """A fault of the origin: a value of a megabyte."""
    huge = one(
        1, value="é" * 1_000_000, reason="x" * 100_000, targets=["path:" + "y" * 300] * 1000, other={"a": ["z"] * 10**5}
    )
    assert append(str(tmp_path), [huge]) is None
    assert log(tmp_path).stat().st_size <= 16 * 1024
    assert lines(tmp_path)[0]["seq"] == 1


def test_a_value_json_cannot_hold_is_written_all_the_same(tmp_path):
    loop: list = []
    loop.append(loop)
    assert append(str(tmp_path), [one(1, value=loop), one(2, value={1, 2})]) is None
    assert [found["seq"] for found in lines(tmp_path)] == [1, 2]


# ── rotation and many writers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_too_large_is_set_aside_and_the_oldest_goes(tmp_path):
    """A fault of the origin: never rotated."""
    for seq in range(1, 200):
        assert append(str(tmp_path), [one(seq)], max_bytes=1000, keep=3) is None
    names = sorted(file.name for file in log(tmp_path).parent.iterdir() if not file.name.startswith("."))
    assert set(names) <= {NAME, NAME + ".1", NAME + ".2", NAME + ".3"}
    assert len(names) >= 3
    kept = [found["seq"] for found in lines(tmp_path)]
    assert kept == list(range(kept[0], 200))
    assert all(file.stat().st_size < 1400 for file in log(tmp_path).parent.iterdir())


WRITER = """
import sys
from sidelight.audit import append
home, me, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    error = append(home, [{"seq": me * count + number + 1, "ts": 0, "reason": "x" * (number % 300)}],
                   max_bytes=4000, keep=100_000)
    assert error is None, error
"""


def test_eight_processes_write_while_it_rotates_and_no_line_is_lost_or_torn(tmp_path):
    count = 400
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(me), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in range(8)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:  # all at once
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0] * 8
    written = sorted(found["seq"] for found in lines(tmp_path))
    assert written == list(range(1, 8 * count + 1))
    assert len(list(log(tmp_path).parent.glob(NAME + ".*"))) > 5  # it did rotate


def test_whoever_is_not_alone_leaves_the_rotating_to_the_other(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    append(str(tmp_path), [one(1)])
    with open(log(tmp_path).parent / f".{NAME}.rotating", "w") as side:
        fcntl.flock(side, fcntl.LOCK_EX)
        assert append(str(tmp_path), [one(2)], max_bytes=10) is None
        assert [found["seq"] for found in lines(tmp_path)] == [1, 2]
        assert not log(tmp_path).with_name(NAME + ".1").exists()
    append(str(tmp_path), [one(3)], max_bytes=10)
    assert log(tmp_path).with_name(NAME + ".1").exists()


def test_a_line_written_to_a_file_that_was_deleted_meanwhile_is_written_again(tmp_path, monkeypatch):
    append(str(tmp_path), [one(1)])
    write = os.write
    gone: list = []

    def slow(descriptor, data):
        if not gone:
            gone.append(log(tmp_path).unlink())
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", slow)
    append(str(tmp_path), [one(2)])
    assert [found["seq"] for found in lines(tmp_path)] == [2]


FORKING = """
import os, sys
from sidelight.audit import append
home, other = sys.argv[1:]
append(home, [{"seq": 1, "ts": 0}])
child = os.fork()
if not child:
    os.closerange(3, 256)
    for _ in range(20):
        os.open(other, os.O_RDWR | os.O_CREAT, 0o600)
    append(home, [{"seq": 2, "ts": 0}])
    os._exit(0)
os.waitpid(child, 0)
append(home, [{"seq": 3, "ts": 0}])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_closes_what_was_open_writes_into_no_other_file(tmp_path):
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-c", FORKING, str(tmp_path), str(other)], check=True, timeout=60)
    assert [found["seq"] for found in lines(tmp_path)] == [1, 2, 3]
    assert other.read_text() == ""


# ── failure ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_said_and_leaves_the_next_line_whole(tmp_path, monkeypatch):
    append(str(tmp_path), [one(1)])
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))
    said = append(str(tmp_path), [one(2)])
    assert said is not None
    assert "No space left" in said
    assert str(log(tmp_path)) in said
    monkeypatch.setattr(os, "write", write)
    assert append(str(tmp_path), [one(3)]) is None
    whole = [text for text in log(tmp_path).read_text().splitlines() if text.endswith("}")]
    assert [json.loads(text)["seq"] for text in whole] == [1, 3]


def test_a_line_that_somebody_is_still_writing_is_waited_for(tmp_path, monkeypatch):
    append(str(tmp_path), [one(1)])
    whole = log(tmp_path).read_bytes()
    with open(log(tmp_path), "ab") as other:
        other.write(whole[:20])
        other.flush()
        waits = []

        def wait(seconds):
            waits.append(seconds)
            if len(waits) == 10:
                other.write(whole[20:])
                other.flush()

        monkeypatch.setattr("sidelight.audit.time.sleep", wait)
        append(str(tmp_path), [one(2)])
    assert [found["seq"] for found in lines(tmp_path)] == [1, 1, 2]
    assert len(waits) == 10


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "what", ["a file for the directory", "a directory for the file", "a pipe for the file", "a NUL"]
)
def test_a_home_that_cannot_be_written_is_said_and_never_raised(tmp_path, what):
    home = str(tmp_path)
    if what == "a file for the directory":
        (tmp_path / "logs").write_text("")
    elif what == "a directory for the file":
        log(tmp_path).mkdir(parents=True)
    elif what == "a pipe for the file":
        (tmp_path / "logs").mkdir()
        os.mkfifo(log(tmp_path))
    else:
        home = "a\0b"
    said = append(home, [one(1)])
    assert said is not None
    assert "could not be written" in said
    if what == "a file for the directory":
        assert note_error(home, "x") is not None


def test_a_failure_is_noted_in_one_line_with_its_time(tmp_path):
    assert note_error(str(tmp_path), "disk\nfull ghp_0123456789abcdef0123") is None
    (text,) = (tmp_path / "logs" / ERRORS).read_text().splitlines()
    assert text.endswith("Z disk\\nfull ***")
    assert text[:2] == "20"


# ── catching up ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_last_number_is_read_from_the_end(tmp_path):
    assert last_seq(str(tmp_path)) == 0
    append(str(tmp_path), [one(1), one(3), one(2)])
    assert last_seq(str(tmp_path)) == 3
    append(str(tmp_path), [one(seq, reason="x" * 200) for seq in range(4, 3000)])
    assert last_seq(str(tmp_path)) == 2999
    with log(tmp_path).open("a") as file:
        file.write('not JSON\n{"seq": "x"}\n[]\n{"recordedAt":"x","seq":9999')  # a line that is not finished
    assert last_seq(str(tmp_path)) == 2999


def test_after_a_rotation_the_file_set_aside_is_asked(tmp_path):
    append(str(tmp_path), [one(7)], max_bytes=1)
    assert not log(tmp_path).exists()
    assert last_seq(str(tmp_path)) == 7


def test_a_number_inside_a_text_is_not_taken_for_one(tmp_path):
    append(str(tmp_path), [one(1, reason='"seq":99')])
    assert last_seq(str(tmp_path)) == 1


def test_what_is_missing_is_known_and_made_up(tmp_path):
    """Design 4: the audit line follows, missing ones are made up from seq."""
    home = str(tmp_path)
    assert missing(home, 3) == [1, 2, 3]
    append(home, [one(1), one(2), one(5)])
    assert missing(home, 6) == [3, 4, 6]
    assert missing(home, 6, since=3) == [4, 6]
    asked = []

    def lines_of(gaps):
        asked.extend(gaps)
        return [one(seq) for seq in gaps if seq != 4]  # 4 never was: it was rolled back

    assert catch_up(home, 6, lines_of) is None
    assert asked == [3, 4, 6]
    assert sorted(found["seq"] for found in lines(tmp_path)) == [1, 2, 3, 5, 6]
    assert catch_up(home, 2, lines_of) is None
    assert asked == [3, 4, 6]


def test_what_lies_further_back_than_the_end_counts_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "_TAIL", 2000)
    append(str(tmp_path), [one(seq) for seq in range(1, 100)])
    assert missing(str(tmp_path), 101) == [100, 101]


def test_what_lies_between_the_ends_of_two_files_counts_as_written_too(tmp_path, monkeypatch):
    """Lines may be long: what the newer file's end does not hold is in its beginning, which is not read."""
    monkeypatch.setattr(audit, "_TAIL", 2000)
    append(str(tmp_path), [one(seq) for seq in range(1, 100)])
    os.replace(log(tmp_path), f"{log(tmp_path)}.1")
    append(str(tmp_path), [one(seq) for seq in range(100, 200) if seq != 199])
    assert missing(str(tmp_path), 200) == [199, 200]
    assert missing(str(tmp_path), 200, since=120) == [199, 200]
