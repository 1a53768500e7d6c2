"""The books of a short play balance, and would not if something were wrong with them."""

import os
import subprocess
import sys

import pytest

from sidelight.actions import EDITS, Action, Touch
from tests.soak.books import Books


@pytest.mark.long
def test_the_books_of_a_short_play_balance():
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seconds", "30", "--sessions", "12"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CI": ""},
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The books balance." in done.stdout


def action(seq, actor, path):
    touches = (Touch(f"path:m:/r/{path}", EDITS),)
    return Action(
        seq, f"edit-{seq}", 5, "edit", None, None, None, actor, None, None, "sp", touches, None, None, None, listed=True
    )  # fmt: skip


def test_what_is_lost_or_doubled_or_not_told_is_found():
    books = Books()
    one = books.act("mark-a-0 by a", 0.0, acknowledged=True)
    two = books.act("mark-a-0 by b", 0.0, acknowledged=True)
    books.act("mark-a-1 by a", 0.0, acknowledged=True)
    books.met("a", "mark-a-0.py", one, two)
    both = [action(1, "a", "mark-a-0.py"), action(2, "b", "mark-a-0.py")]
    assert books.imbalance(both) == [
        "mark-a-1 by a was acknowledged and is not there",
        "a was told 0 times of mark-a-0.py",
    ]
    books.hears("a", "Sidelight notice: b edited /r/mark-a-0.py", 0.0)
    last = action(3, "a", "mark-a-1.py")
    assert books.imbalance([*both, last]) == []
    assert books.imbalance([*both, last, action(4, "a", "mark-a-1.py")]) == ["mark-a-1 by a is there 2 times"]
