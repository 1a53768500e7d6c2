"""The story that Sidelight was made for, with two real processes in a scratch repository, in a few seconds.

Two sessions find the same cause of a flood of messages. One builds the proper fix. The other, knowing nothing of it,
switches the engine off and withdraws 19 commitments. Played here as it happened, except that now both can see.

Everything lies in one temporary directory, its own home included; it is gone at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from textwrap import wrap
from types import TracebackType

from sidelight.records import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from sidelight.actions import Session
    from sidelight.ledger import Ledger

FLAG = "monitoring.redrive.enabled"
COMMITMENTS = tuple(f"CMT-{number}" for number in range(1, 20))
REASON = "stop the redrive flood"

Say = Callable[[str], None]


class Story(NamedTuple):
    """How it went: what session b read with its flip and with each withdrawal, and what session a was told."""

    announced: bool
    flip: str | None
    withdrawals: tuple[str | None, ...]
    notices: tuple[str, ...]

    @property
    def told_both(self) -> bool:
        """Did both sides hear of it?"""
        return self.announced and self.flip is not None and bool(self.notices)

    def as_json(self) -> dict[str, Any]:
        """The story by its names."""
        return {**self._asdict(), "toldBoth": self.told_both}


def play(say: Say) -> Story:
    """Play the story and narrate it. Raises `OSError` where git or a scratch directory cannot be had."""
    with tempfile.TemporaryDirectory(prefix="sidelight-demo-", ignore_cleanup_errors=True) as scratch:
        stage = _Stage(os.path.realpath(scratch))
        with _Session("a", stage, "fix/redrive-flood") as a, _Session("b", stage, "stop-the-flood") as b:
            return _played(say, stage, a, b)


def _played(say: Say, stage: _Stage, a: _Session, b: _Session) -> Story:
    _introduce(say, a, b)
    announced = _a_announces(say, a)
    flip = _b_flips(say, b)
    withdrawals = _b_withdraws(say, b)
    notices = _a_is_told(say, a)
    _what_people_see(say, stage, a)
    story = Story(announced, flip, withdrawals, notices)
    _without(say, stage, story)
    return story


# ── the acts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _introduce(say: Say, a: _Session, b: _Session) -> None:
    say("Two coding-agent sessions share a repository. A flood of messages is on, and both have found the same cause:")
    say("the redrive engine. Neither knows of the other.")
    say("")
    say(f"  session a   process {a.pid}, on branch {a.branch}: builds the proper fix")
    say(f"  session b   process {b.pid}, on branch {b.branch}: wants quiet, now")


def _a_announces(say: Say, a: _Session) -> bool:
    text = "build the proper fix for the redrive flood"
    say("")
    say("1. Session a announces what it is about to do.")
    say(f'     $ sidelight intent "{text}" --area redrive')
    answer = a.ask(do="announce", text=text, area="redrive")
    say(f"   {_recorded(answer)} {answer['warning'] or 'Nobody else is at it, so nothing is said.'}")
    return bool(answer["recorded"])


def _b_flips(say: Say, b: _Session) -> str | None:
    say("")
    say("2. Session b knows nothing of that and switches the engine off.")
    say(f"     {FLAG}: true -> false")
    answer = b.ask(do="flip", key=FLAG, value=False)
    say("   Nothing blocks it. But with the result it reads:")
    _quote(say, answer["warning"] or f"(nothing) {answer['error'] or ''}")
    return _text(answer["warning"])


def _b_withdraws(say: Say, b: _Session) -> tuple[str | None, ...]:
    say("")
    say("3. Here it would stop and ask its user. Suppose it goes on all the same: it withdraws 19 commitments.")
    warnings = [_text(b.ask(do="withdraw", id=one, reason=REASON)["warning"]) for one in COMMITMENTS]
    say(f"     {COMMITMENTS[0]} withdrawn. With the result it reads:")
    _quote(say, warnings[0] or "(nothing new: it was told with the flip)")
    later = {one for one in warnings[1:] if one is not None}
    said = "Each time one line:" if later else "Nothing is said twice."
    say(f"     {COMMITMENTS[1]} to {COMMITMENTS[-1]} withdrawn. {said}")
    for one in sorted(later)[:1]:
        _quote(say, one)
    return tuple(warnings)


def _a_is_told(say: Say, a: _Session) -> tuple[str, ...]:
    say("")
    say("4. Session a takes its next step, and is told what was done to its plan:")
    notices = tuple(str(one) for one in a.ask(do="notices")["notices"])
    for one in notices:
        _quote(say, one)
    again = a.ask(do="notices")["notices"]
    say(f"   At the step after that: {'nothing more.' if not again else 'the same again.'}")
    return notices


def _what_people_see(say: Say, stage: _Stage, a: _Session) -> None:
    say("")
    say("5. And you, in any terminal of that repository:")
    for words in (["who"], ["recent", "--limit", "3"]):
        _show(say, words, stage, a)


def _show(say: Say, words: list[str], stage: _Stage, a: _Session) -> None:
    """Run the real command and show what it prints."""
    say(f"     $ sidelight {' '.join(words)}")
    seen = subprocess.run(
        [sys.executable, "-m", "sidelight", *words],
        cwd=a.tree,
        env=stage.env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    for one in (seen.stdout or seen.stderr).splitlines():
        say(f"       {one}")


def _without(say: Say, stage: _Stage, story: Story) -> None:
    state = stage.state()
    active = sum(state["commitments"].values())
    said = sum(one is not None for one in (story.flip, *story.withdrawals))
    say("")
    say("What came of it")
    engine = "on" if state["flag"] else "off"
    say(f"   Nothing was blocked: the engine is {engine}, {active} of 19 commitments are left.")
    say("   That is how it ended the first time too: the bug fixed, the engine switched off, the test bed wiped, and")
    say("   both sessions reporting success. But then neither knew; here both did, and could have turned round:")
    say("")
    say(f"   {'':<38}{'without':>10}{'here':>10}")
    say(f"   {'warnings that session b read':<38}{0:>10}{said:>10}")
    say(f"   {'  the first of them':<38}{'never':>10}   before the 19")
    say(f"   {'notices that session a got':<38}{0:>10}{len(story.notices):>10}")
    say("")
    say("Nothing of yours was touched: repository, processes and ledger were scratch, and are gone.")
    say('Next: `sidelight intent "…"` before your next big step, `sidelight who`, `sidelight --help`.')


def _recorded(answer: Mapping[str, Any]) -> str:
    return "Recorded." if answer["recorded"] else f"NOT recorded: {answer['error']}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _quote(say: Say, text: str) -> None:
    for paragraph in text.splitlines():
        for number, one in enumerate(wrap(paragraph, 100, break_on_hyphens=False) or [""]):
            say(f"     {'> ' if number == 0 else '  '}{one}")


# ── the stage: a scratch repository with a worktree each, a home, and the state both sessions share ───────────────


class _Stage:
    def __init__(self, scratch: str) -> None:
        self.repo = os.path.join(scratch, "repo")
        self.shared = os.path.join(scratch, "state.json")
        self.env = _environment(scratch)
        os.mkdir(self.repo)
        with open(os.path.join(self.repo, "redrive.py"), "w", encoding="utf-8") as file:
            file.write("def redrive(message):\n    send(message)  # again, and again\n")
        for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Redrive messages")):
            self.git(*arguments)
        self.put({"flag": True, "commitments": dict.fromkeys(COMMITMENTS, True)})

    def git(self, *arguments: str) -> None:
        name = ("-c", "user.name=Demo", "-c", "user.email=demo@example.invalid", "-c", "commit.gpgsign=false")
        subprocess.run(
            ["git", *name, *arguments], cwd=self.repo, env=self.env, check=True, capture_output=True, timeout=30
        )

    def state(self) -> dict[str, Any]:
        with open(self.shared, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
            return found

    def put(self, state: Mapping[str, Any]) -> None:
        with open(self.shared, "w", encoding="utf-8") as file:
            json.dump(state, file)


#: What a process needs to run at all; everything else of the user's environment stays outside.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "COMSPEC", "PATHEXT")


def _environment(scratch: str) -> dict[str, str]:
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        **dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA"), scratch),
        "SIDELIGHT_NO_SERVER": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": source,
        "PYTHONUTF8": "1",
    }


class _Session:
    """One session: a process of its own, standing in its own working tree, that does what it is asked to."""

    def __init__(self, name: str, stage: _Stage, branch: str) -> None:
        self.branch = branch
        self.tree = os.path.join(os.path.dirname(stage.repo), f"worktree-{name}")
        stage.git("worktree", "add", "-q", "-b", branch, self.tree)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sidelight.demo", name, stage.shared],
            cwd=self.tree,
            env=stage.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.pid = self._process.pid

    def ask(self, **request: Any) -> dict[str, Any]:
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise OSError("a session of the demo has no pipes")
        try:
            to.write(json.dumps(request) + "\n")
            to.flush()
            answer: dict[str, Any] = json.loads(back.readline())
        except (BrokenPipeError, ValueError) as error:
            raise OSError(f"a session of the demo ended early ({self._process.poll()})") from error
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing its input ends it.
        self._process.communicate(timeout=30)


def _live(name: str, shared: str) -> None:
    """What a session's process does: one request a line, one answer a line."""
    from sidelight import facts
    from sidelight.actions import Session
    from sidelight.ledger import Ledger

    with Ledger.open() as ledger:
        here = ledger.facts
        pid = os.getpid()
        me = Session(
            name,
            machine=here.machine,
            space=ledger.space,
            cwd=here.cwd,
            tree=here.worktree,
            branch=here.branch,
            pid=pid,
            pid_start=facts.process_start(pid),
            boot=facts.boot_id(),
        )
        for request in sys.stdin:
            print(json.dumps(_answer(json.loads(request), ledger, me, shared)), flush=True)


def _answer(request: Mapping[str, Any], ledger: Ledger, me: Session, shared: str) -> dict[str, Any]:
    from sidelight.actions import Draft
    from sidelight.ledger import notice_lines

    if request["do"] == "notices":
        return {"notices": notice_lines(ledger.notices(me.actor, take=True))}
    if request["do"] == "announce":
        receipt = ledger.announce(request["text"], actor=me.actor, area=request["area"], me=me)
    else:
        _change(shared, request)
        draft = (
            Draft("config-flag", request["key"], request["value"], actor=me.actor)
            if request["do"] == "flip"
            else Draft("commitment-withdraw", request["id"], reason=request["reason"], actor=me.actor)
        )
        receipt = ledger.record(draft, me=me)
    return {"recorded": receipt.recorded, "warning": receipt.warning, "error": receipt.error}


def _change(shared: str, request: Mapping[str, Any]) -> None:
    """Really do it, as far as a scratch file is real."""
    with open(shared, encoding="utf-8") as file:
        state = json.load(file)
    if request["do"] == "flip":
        state["flag"] = request["value"]
    else:
        state["commitments"][request["id"]] = False
    with open(shared, "w", encoding="utf-8") as file:
        json.dump(state, file)


if __name__ == "__main__":
    _live(sys.argv[1], sys.argv[2])
