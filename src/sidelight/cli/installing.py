"""`init` and `uninstall`: what is written into the agent programs' settings, shown, written, and taken away again."""

from __future__ import annotations

import contextlib
import difflib
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sidelight import githooks, observing, space
from sidelight.cli.terminal import DONE, NOT_RECORDED, Command, Terminal, UsageError
from sidelight.facts import LiveFacts
from sidelight.hosts import HOSTS, choosing, installing
from sidelight.hosts.choosing import Chosen
from sidelight.hosts.installing import Change
from sidelight.hosts.launcher import script_file
from sidelight.hosts.pieces import Place
from sidelight.redact import line


def _arguments(parser: ArgumentParser) -> None:
    hosts = list(HOSTS)
    parser.add_argument("--host", action="append", choices=hosts, metavar="H", help=f"one of {', '.join(hosts)}")
    parser.add_argument(
        "--project", action="store_true", help="in this repository only, in files that are not committed"
    )
    parser.add_argument("--dry-run", action="store_true", help="show every line that would change, and change nothing")


# ── init ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _init_arguments(parser: ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument(
        "--git-hooks", action="store_true", help="also in this repository's git hooks, for what people do in it"
    )


def _init(options: Namespace, terminal: Terminal) -> int:
    env = terminal.env
    project = choosing.project_of(os.getcwd(), env) if options.project else None
    hosts = options.host or choosing.in_use(env)
    hooks = _git_hooks(options, env) if options.git_hooks else []
    if not hosts and not hooks:
        raise UsageError(f"no agent program was found here; name one with --host ({', '.join(HOSTS)})")
    choice = [Chosen(host, project) for host in dict.fromkeys(hosts)]
    plan, wanted = choosing.plan_install(choice, env)
    if not options.dry_run:
        installing.install(plan, wanted, env)
    advice = {one.owner: choosing.install_of(one.host).advice(Place(env, project)) for one in choice}
    return _told(plan, choice, advice, options, terminal, hooks)


def _git_hooks(options: Namespace, env: Mapping[str, str]) -> list[githooks.Done]:
    """Into the git hooks of the repository here."""
    facts = LiveFacts(os.getcwd(), env)
    where = githooks.directory(facts)
    if where is None:
        raise UsageError("there is no repository here whose git hooks could be used; leave --git-hooks out")
    if options.dry_run:
        why = githooks.refusal(facts, where)
        return [githooks.Done(where, "refused" if why else "would change", why)]
    return githooks.install(facts, script_file(), env)


# ── uninstall ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _uninstall(options: Namespace, terminal: Terminal) -> int:
    env = terminal.env
    choice = _installed(options, env)
    plan = choosing.plan_removal(choice, env)
    stopped = False
    hooks: list[githooks.Done] = []
    if not options.dry_run:
        if not options.host:
            only = githooks.directory(LiveFacts(os.getcwd(), env)) if options.project else None
            hooks = githooks.uninstall(env, only)
        installing.remove(plan, [one.owner for one in choice], env)
        if not options.host and not options.project:
            stopped = _stop_server(env)
            _tidy(env)
    if stopped:
        terminal.note("your server was stopped")
    return _told(plan, choice, {}, options, terminal, hooks)


def _installed(options: Namespace, env: Mapping[str, str]) -> list[Chosen]:
    """What is to go: everything there is for the user and in every project, or what the options narrow it to."""
    here = choosing.project_of(os.getcwd(), env) if options.project else None
    known = filter(None, map(choosing.chosen, installing.read_record(env).owners))
    every = [*(Chosen(host, here) for host in HOSTS), *(one for one in known if one.project)]
    return [
        one
        for one in dict.fromkeys(every)
        if (not options.host or one.host in options.host) and (not options.project or one.project == here)
    ]


def _stop_server(env: Mapping[str, str]) -> bool:
    if os.name == "nt":
        return False
    from sidelight.server import user_server

    stopped = user_server.stop(env)
    user_server.forget(env)
    return stopped


def _tidy(env: Mapping[str, str]) -> None:
    """What nobody misses: how trees stood when they were looked at, and a home in which nothing was ever recorded. The
    ledger, its settings and logs are the user's.
    """
    home = space.state_dir(env)
    observing.forget(home)
    for folder in (os.path.join(home, "logs"), home):
        with contextlib.suppress(OSError):  # there is something in it
            os.rmdir(folder)


# ── telling ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _told(
    plan: list[Change],
    choice: list[Chosen],
    advice: Mapping[str, str],
    options: Namespace,
    terminal: Terminal,
    hooks: list[githooks.Done],
) -> int:
    refused = any(change.refused for change in plan) or any(one.what == "refused" for one in hooks)
    if terminal.as_json:
        hosts = [
            {
                "host": one.host,
                "project": one.project,
                "files": _files(plan, one),
                "next": advice.get(one.owner) or None,
            }
            for one in choice
        ]
        said = {"gitHooks": [one._asdict() for one in hooks]} if hooks else {}
        terminal.body({"hosts": [one for one in hosts if one["files"]], "dryRun": options.dry_run, **said})
        return NOT_RECORDED if refused else DONE
    for one in choice:
        own = [change for change in plan if change.owner == one.owner]
        if own:
            where = f" in {line(one.project, 200)}" if one.project else ""
            terminal.say(terminal.paint(f"{choosing.install_of(one.host).NAME}{where}", "strong"))
            terminal.say(*_lines(own, whole=options.dry_run, env=terminal.env))
        if own and advice.get(one.owner):
            terminal.say(f"  next: {advice[one.owner]}")
    if hooks:
        terminal.say(terminal.paint("git hooks", "strong"))
        for hook in hooks:
            why = f": {hook.why}. Nothing was written there." if hook.why else ""
            terminal.say(f"  {hook.what:12}  {line(_short(hook.file, terminal.env), 300)}{why}")
    terminal.say(_summary([*(one.what for one in plan), *(one.what for one in hooks)], dry=options.dry_run))
    return NOT_RECORDED if refused else DONE


def _files(plan: Iterable[Change], one: Chosen) -> list[dict[str, Any]]:
    return [
        {"file": change.file, "what": change.what, **({"why": change.refused} if change.refused else {})}
        for change in plan
        if change.owner == one.owner
    ]


def _lines(plan: Iterable[Change], *, whole: bool, env: Mapping[str, str]) -> Iterator[str]:
    for change in plan:
        count = "" if change.before == change.after else _count(change)
        yield f"  {change.what:9}  {line(_short(change.file, env), 300)}{count}"
        if change.refused:
            yield f"             {line(change.refused, 300)}. Nothing was written there."
        elif whole:
            yield from (f"    {line(one, 500)}" for one in _diff(change))


def _count(change: Change) -> str:
    added = sum(one.startswith("+") for one in _diff(change))
    gone = sum(one.startswith("-") for one in _diff(change))
    return f" ({', '.join(f'{sign}{number}' for sign, number in (('+', added), ('-', gone)) if number)} lines)"


def _diff(change: Change) -> list[str]:
    before, after = ((data or b"").decode("utf-8", "replace").splitlines() for data in (change.before, change.after))
    return list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]


def _short(file: str, env: Mapping[str, str]) -> str:
    home = env.get("HOME", "")
    return "~" + file[len(home) :] if home and file.startswith(home + os.sep) else file


def _summary(done: list[str], *, dry: bool) -> str:
    """In a line: what became of each file, said as its word above."""
    refused = done.count("refused")
    changed = len(done) - refused - done.count("unchanged")
    left = f" {refused} could not be changed; the reason is above." if refused else ""
    if not changed:
        return f"Nothing {'would change' if dry else 'had to be changed'}.{left}"
    files = f"{changed} file{'' if changed == 1 else 's'}"
    return f"{files} would be written; nothing was.{left}" if dry else f"{files} written.{left}"


COMMANDS = (
    Command(
        "init",
        "tell your agent programs about Sidelight: hooks, MCP server and skill; twice changes nothing",
        (
            "sidelight init",
            "sidelight init --dry-run",
            "sidelight init --host claude-code --host codex",
            "sidelight init --project",
            "sidelight init --git-hooks",
        ),
        _init_arguments,
        _init,
    ),
    Command(
        "uninstall",
        "take all that away again, and stop your server; the ledger stays",
        ("sidelight uninstall", "sidelight uninstall --dry-run", "sidelight uninstall --host codex"),
        _arguments,
        _uninstall,
    ),
)
