"""Is what `init` wrote still there, does it run, and does the host let it? For `sidelight doctor`.

Every hook command that is found is really run, as its host would run it: one session start, in a home that is thrown
away afterwards. In a project only what this very installation would write is run, since a project's files may come from
others. Nothing is changed.

Source: design 10, issue "Agent hosts".
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping

from sidelight.facts import asking
from sidelight.hosts import HOSTS, choosing, installing, launcher, speech_of
from sidelight.hosts.choosing import Chosen
from sidelight.hosts.pieces import Place
from sidelight.hosts.remarks import Remark, text_of
from sidelight.redact import line
from sidelight.rendezvous import SECONDS

#: So long a trial may take: far longer than a hook does, so that a busy machine is called slow, and not wrong.
TRIAL_SECONDS = 30.0


def check(cwd: str, env: Mapping[str, str], attention_mode: str) -> list[Remark]:
    """All that there is to say about the hosts of this user, and of the project around `cwd`."""
    here = choosing.project_of(cwd, env)
    installed = _installed(here, env)
    found = []
    for one in installed:
        if one.project and not os.path.isdir(one.project):
            found.append(_left(one))
            continue
        found += [*_files(one, env), *_trials(one, env), *_version(one, env)]
        found += choosing.install_of(one.host).remarks(Place(env, one.project), here)
    found += [*_twice(installed), *_without(installed, env), *_attention(installed, attention_mode)]
    return list(dict.fromkeys(found))


def _left(one: Chosen) -> Remark:
    return Remark(
        f"{one.host} files",
        f"{_called(one)}: the project is not there any more",
        "it was moved or removed",
        "Run `sidelight uninstall`, then `sidelight init`: what was written for it is forgotten then.",
    )


# ── what is there ─────────────────────────────────────────────────────────────────────────────────────────────────


def _installed(here: str, env: Mapping[str, str]) -> list[Chosen]:
    """What the record names, and what can be found without it."""
    owners = installing.read_record(env).owners
    known = [one for one in map(choosing.chosen, owners) if one is not None]
    every = [*(one for host in HOSTS for one in _places(host, here, env)), *known]
    return [one for one in dict.fromkeys(every) if one in known or commands(one, env)]


def _places(host: str, here: str, env: Mapping[str, str]) -> list[Chosen]:
    """For the user, and in the project; who stands in the home of the user stands in no project."""
    folder = choosing.install_of(host).folder
    same = os.path.realpath(folder(Place(env))) == os.path.realpath(folder(Place(env, here)))
    return [Chosen(host)] if same else [Chosen(host), Chosen(host, here)]


def commands(one: Chosen, env: Mapping[str, str]) -> list[str]:
    """The hook commands of ours that stand in a host's files, each once."""
    files = {piece.file for piece in choosing.install_of(one.host).pieces(Place(env, one.project))}
    said = [text for file in sorted(files) for text in _strings(text_of(file))]
    return list(dict.fromkeys(text for text in said if launcher.is_ours(text) and f"{one.host} " in text))


def _strings(text: str) -> Iterator[str]:
    """Every string of a JSON or JavaScript text that could be one of our commands."""
    for found in re.findall(r'"(?:[^"\\\n]|\\.)*"', text):
        if launcher.MARK in found:
            try:
                yield str(json.loads(found))
            except ValueError:
                continue


def _again(one: Chosen) -> str:
    return f"`sidelight init --host {one.host}{' --project' if one.project else ''}`"


def _called(one: Chosen) -> str:
    where = f" in {line(one.project, 200)}" if one.project else ""
    return f"{choosing.install_of(one.host).NAME}{where}"


def _files(one: Chosen, env: Mapping[str, str]) -> Iterator[Remark]:
    plan, _ = choosing.plan_install([one], env)
    for change in plan:
        if change.what == "unchanged":
            continue
        yield Remark(
            f"{one.host} files",
            f"{_called(one)}: {line(change.file, 300)} is not as `init` writes it",
            line(change.refused, 300) or _OTHERWISE[change.what],
            f"Mend it, then run {_again(one)}." if change.refused else f"Run {_again(one)}.",
        )


_OTHERWISE = {
    "made": "it is not there any more",
    "changed": "an older Sidelight wrote it, or it was changed since",
}


# ── does it run ───────────────────────────────────────────────────────────────────────────────────────────────────


def _trials(one: Chosen, env: Mapping[str, str]) -> Iterator[Remark]:
    name = f"{one.host} hook"
    found = commands(one, env)
    if not found:
        yield Remark(
            name,
            f"{_called(one)}: no hook of Sidelight's is there",
            "its file was removed, or changed by somebody",
            f"Run {_again(one)}.",
            wrong=True,
        )
    for command in found[:3]:
        if one.project and command != launcher.command(one.host):
            yield Remark(
                name,
                f"{_called(one)}: its hook was not tried",
                "it calls another Sidelight than this one",
                f"Run {_again(one)} to have it call this one.",
            )
        elif os.name != "nt":
            yield _tried(name, one, command, env)


def _tried(name: str, one: Chosen, command: str, env: Mapping[str, str]) -> Remark:
    began = time.monotonic()
    answered, cause = trial(one.host, command, env)
    seconds = time.monotonic() - began
    if not answered:
        return Remark(
            name, f"{_called(one)}: its hook was run, and says nothing", cause, f"Run {_again(one)}.", wrong=True
        )
    said = f"{_called(one)}: its hook was run, and answers in {seconds * 1000:,.0f} ms"
    if seconds < SECONDS:
        return Remark(name, said)
    return Remark(
        name,
        said,
        f"a hook ends itself after {SECONDS:g} s, so that nobody waits for it",
        "If it is always so, set SIDELIGHT_HOOK_SECONDS, or see what keeps the disk busy.",
    )


def trial(host: str, command: str, env: Mapping[str, str]) -> tuple[bool, str]:
    """Run a hook command as its host would, once: does it answer a session start, and if not, why?"""
    gone = _gone(command)
    if gone:
        return False, f"{line(gone, 300)} is not there any more: Sidelight was moved or removed"
    with tempfile.TemporaryDirectory(prefix="sidelight-", ignore_cleanup_errors=True) as folder:
        around = {name: value for name, value in env.items() if not name.startswith(("SIDELIGHT_", "CLAUDE_ENV"))}
        around |= {
            "SIDELIGHT_HOME": os.path.join(folder, "home"),
            "SIDELIGHT_NO_SERVER": "1",
            "SIDELIGHT_HOOK_SECONDS": str(TRIAL_SECONDS),
        }

        def run(text: str) -> asking.Answer:
            return asking.run_shell(text, _start(host, folder), env=around, cwd=folder, timeout=TRIAL_SECONDS + 5)

        answer = run(command)
        if _is_object(answer.out):
            return True, ""
        loud = run(command.replace("2>/dev/null", "2>&1"))
        last = (loud.out.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
        noted = text_of(os.path.join(folder, "home", "logs", "errors.log")).strip().splitlines()
    return False, line(answer.failed or last or (noted or ["it ends without a word"])[-1], 300)


def _gone(command: str) -> str:
    """The interpreter or the program that a command of ours calls and that is not there; '' if both are."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    if words[:2] != ["[", "-x"] or "-ISE" not in words:
        return ""
    runs, ours = words[2], words[words.index("-ISE") + 1]
    return runs if not os.access(runs, os.X_OK) else "" if os.path.isfile(ours) else ours


def _start(host: str, cwd: str) -> bytes:
    """The start of a session, as every host would say it."""
    events = speech_of(host).EVENTS
    said = {
        "hook_event_name": events[0][0] if events else "",
        "event": "session.created",
        "source": "startup",
        "cwd": cwd,
    }
    return json.dumps(
        said | dict.fromkeys(("session_id", "sessionId", "sessionID", "conversation_id"), "doctor")
    ).encode()


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


# ── versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _version(one: Chosen, env: Mapping[str, str]) -> Iterator[Remark]:
    install = choosing.install_of(one.host)
    version = version_of(install.PROGRAM, env)
    if not one.project and version and install.OLDEST and _ordered(version) < _ordered(install.OLDEST):
        yield Remark(
            f"{one.host} version",
            f"{install.NAME} is {version}",
            f"{install.OLDEST} is the oldest that Sidelight was tried with; what older ones hear is not known",
            "Upgrade it.",
        )


def version_of(program: str, env: Mapping[str, str]) -> str:
    """The version of a program without running it: from where it is, or its package; '' if that does not tell."""
    found = shutil.which(program, path=env.get("PATH", ""))
    if not found:
        return ""
    real = os.path.realpath(found)
    if re.fullmatch(r"\d+\.\d+\.\d+", os.path.basename(real)):
        return os.path.basename(real)
    folder = os.path.dirname(real)
    for _ in range(3):
        try:
            package = json.loads(text_of(os.path.join(folder, "package.json")))
            if program in package["bin"]:
                return line(str(package["version"]), 40)
        except (ValueError, KeyError, TypeError):
            pass
        folder = os.path.dirname(folder)
    return ""


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


# ── twice, not at all, and not as it was wished ───────────────────────────────────────────────────────────────────


def _twice(installed: Iterable[Chosen]) -> Iterator[Remark]:
    everywhere = {one.host for one in installed if not one.project}
    for one in installed:
        if one.project and one.host in everywhere:
            yield Remark(
                f"{one.host} twice",
                f"{_called(one)}: Sidelight is installed there and for you everywhere",
                "each call may start two hooks; it is recorded and said once all the same",
                f"Run `sidelight uninstall --project --host {one.host}` there.",
            )


def _without(installed: Iterable[Chosen], env: Mapping[str, str]) -> Iterator[Remark]:
    there = {one.host for one in installed}
    names = [choosing.install_of(host).NAME for host in choosing.in_use(env) if host not in there]
    if names:
        yield Remark(
            "hosts",
            f"{', '.join(names)}: in use here, and not told about Sidelight",
            "nothing was installed there",
            "Run `sidelight init` if you want it.",
        )


def _attention(installed: Iterable[Chosen], mode: str) -> Iterator[Remark]:
    for host in dict.fromkeys(one.host for one in installed):
        speech, name = speech_of(host), choosing.install_of(host).NAME
        if (mode == "ask" and not speech.ASKS) or (mode == "pause-once" and not speech.DENIES):
            yield Remark(
                f"{host} attention",
                f"{name}: attention.mode {mode} is `tell` there",
                f"its hooks cannot {'ask a person' if mode == 'ask' else 'refuse a call'}",
                "`pause-once` works there." if mode == "ask" and speech.DENIES else "",
            )
