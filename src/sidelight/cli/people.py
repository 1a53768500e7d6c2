"""`shell-init`, and what it and the git hooks call: people at a terminal are sessions too.

`shell-line` and `git-hook` are not for typing. They run in the background of a shell or of git, say nothing but a
warning, and always succeed.
"""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence

from sidelight import space
from sidelight.actions import COMMITS, DESTROYS, PUSHES, SWITCHES, Draft, Session, Touch
from sidelight.cli.terminal import DONE, Command, Terminal, open_ledger
from sidelight.config import ConfigError
from sidelight.effects import Call, effects_of
from sidelight.facts import LiveFacts
from sidelight.ledger import Ledger, notice_lines
from sidelight.stores import StoreError
from sidelight.targets import ref as ref_key
from sidelight.targets import tree as tree_key

SHELLS = ("bash", "zsh", "fish")
LONGEST_LINE = 100_000
SECONDS = 5.0  # nobody waits for a look in the background


def _init_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell whose start-up file evaluates it")


def _shell_init(options: Namespace, terminal: Terminal) -> int:
    from sidelight.cli.shells import script
    from sidelight.hosts.launcher import script_file

    terminal.say(script(options.shell, script_file()).rstrip("\n"))
    return DONE


# ── a shell's command lines ──


def _line_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("moment", choices=("before", "after"), help="is the command about to run, or has it run?")
    parser.add_argument("number", help="which command of the shell; after: several, separated by spaces")


def _shell_line(options: Namespace, terminal: Terminal) -> int:
    shell = terminal.env.get("SIDELIGHT_SHELL", "")
    if not shell:
        return DONE
    try:
        with open_ledger(options) as ledger:
            facts = LiveFacts(env=terminal.env, scope=ledger.space)
            if ledger.config.enabled:
                act = _before if options.moment == "before" else _after
                act(shell, options.number, ledger, facts, terminal)
    except (StoreError, ConfigError, OSError):
        pass  # it is nobody's business at a prompt; `sidelight doctor` says it
    return DONE


def _me(name: str, ledger: Ledger, facts: LiveFacts) -> Session:
    tree, branch = facts.worktree, facts.branch
    return Session(
        name, host="shell", machine=facts.machine, space=ledger.space, cwd=facts.cwd or None, tree=tree, branch=branch
    )


def _before(shell: str, number: str, ledger: Ledger, facts: LiveFacts, terminal: Terminal) -> None:
    from sidelight import observing, undoing

    line = sys.stdin.read(LONGEST_LINE)
    done = effects_of(Call("Bash", {"command": line}), facts)
    if done.reads or not done.drafts:
        return
    me, home = _me(shell, ledger, facts), ledger.home or space.state_dir(terminal.env)
    seen = None
    if observing.is_destructive(done.drafts):
        seen = observing.look_before(undoing.place(facts, done.drafts), seconds=SECONDS)
    receipt = ledger.record(*done.drafts, key=_key(shell, number), me=me)
    if seen is not None:
        undoing.keep(ledger, undoing.place(facts, receipt.actions), receipt.actions, seen)
        undoing.tidy(ledger)
    call = observing.Open(_key(shell, number), shell)
    observing.begin(home, facts, call, drafts=receipt.actions, line=line, may_be_over=True)
    terminal.warn(receipt.warning)


def _after(shell: str, numbers: str, ledger: Ledger, facts: LiveFacts, terminal: Terminal) -> None:
    from sidelight import observing

    home = ledger.home or space.state_dir(terminal.env)
    for number in numbers.split()[:50]:
        key = _key(shell, number)
        seen = observing.finish(home, facts, key, seconds=SECONDS, may_begin=True)
        if seen.drafts:
            ledger.record(*seen.drafts, key=f"{key}\x1fobserved", me=_me(shell, ledger, facts))
    found = ledger.notices(shell)
    if found:
        terminal.say(*map(terminal.severe, notice_lines(found)))
        ledger.store.take(shell, [one.source for one in found])


def _key(shell: str, number: str) -> str:
    return f"shell\x1f{shell}\x1f{number}"


# ── git's hooks ──


def _hook_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("hook", help="post-checkout, post-commit, post-rewrite or pre-push")
    parser.add_argument("given", nargs="*", help="what git gives the hook")


def _git_hook(options: Namespace, terminal: Terminal) -> int:
    reader = _HOOKS.get(options.hook)
    if reader is None:
        return DONE
    said = sys.stdin.read(LONGEST_LINE) if options.hook in ("pre-push", "post-rewrite") else ""
    # Git tells its hooks where it works by variables; a look goes by the directory instead.
    env = {name: value for name, value in terminal.env.items() if not name.startswith("GIT_")}
    try:
        with open_ledger(options) as ledger:
            facts = LiveFacts(env=env, scope=ledger.space)
            if facts.worktree is None or not ledger.config.enabled or _is_an_agents(ledger, facts, env):
                return DONE
            drafts = reader(options.given, said, facts)
            name = env.get("SIDELIGHT_SHELL") or f"person-{getpass.getuser()}"
            if drafts:
                ledger.record(*drafts, me=_me(name, ledger, facts))
    except (StoreError, ConfigError, OSError):
        pass  # git goes on; `sidelight doctor` says it
    return DONE


def _is_an_agents(ledger: Ledger, facts: LiveFacts, env: Mapping[str, str]) -> bool:
    """Does this git run within an agent's call, whose own hooks tell more of it?"""
    from sidelight import observing

    if space.who_am_i({**env, "SIDELIGHT_SESSION": ""}).host is not None:
        return True
    return observing.is_busy(ledger.home or space.state_dir(env), facts, besides=env.get("SIDELIGHT_SHELL"))


def _checked_out(given: Sequence[str], _: str, facts: LiveFacts) -> list[Draft]:
    if len(given) != 3 or given[2] != "1" or not given[0].strip("0"):
        return []  # single files, or a tree that has just come to be
    value = {"branch": facts.branch} if facts.branch else None
    return [_on_tree("tree-switch", SWITCHES, facts, value, "git checkout")]


def _committed(_given: Sequence[str], _: str, facts: LiveFacts) -> list[Draft]:
    return [_on_tree("commit", COMMITS, facts, {"takes": "index"}, "git commit")]


def _rewritten(given: Sequence[str], _: str, facts: LiveFacts) -> list[Draft]:
    if given[:1] == ["rebase"]:
        return [_on_tree("tree-merge", SWITCHES, facts, None, "git rebase")]
    return [_on_tree("commit", COMMITS, facts, {"takes": "index", "amend": True}, "git commit --amend")]


def _on_tree(kind: str, effect: str, facts: LiveFacts, value: object, summary: str) -> Draft:
    tree = facts.worktree or ""
    return Draft(kind, target=tree, touches=(Touch(tree_key(facts.machine, tree), effect, value),), summary=summary)


def _pushing(given: Sequence[str], said: str, facts: LiveFacts) -> list[Draft]:
    """`<local ref> <local id> <remote ref> <remote id>` a line; what is not a descendant is pushed by force."""
    remote = facts.remote if given[:1] in (["origin"], []) else None
    found = []
    for line in said.splitlines()[:50]:
        words = line.split(" ")
        if len(words) != 4:
            continue
        _, new, name, old = words
        short = name.removeprefix("refs/heads/").removeprefix("refs/")
        if not new.strip("0"):
            kind, effect = "ref-delete", DESTROYS
        elif old.strip("0") and facts.git("merge-base", "--is-ancestor", old, new) is None:
            kind, effect = "push-force", DESTROYS
        else:
            kind, effect = "push", PUSHES
        key = ref_key(remote or f"{facts.machine}:{facts.common_dir}", short)
        found.append(Draft(kind, target=short, touches=(Touch(key, effect),), summary=f"git push {short}"))
    return found


_HOOKS = {
    "post-checkout": _checked_out,
    "post-commit": _committed,
    "post-rewrite": _rewritten,
    "pre-push": _pushing,
}

COMMANDS = (
    Command(
        "shell-init",
        "print what makes your own shell tell Sidelight of what you do in it",
        ("sidelight shell-init fish | source", 'eval "$(sidelight shell-init bash)"'),
        _init_arguments,
        _shell_init,
    ),
    Command(
        "shell-line",
        "what `shell-init` calls around your commands; not for typing",
        ("sidelight shell-line before 1",),
        _line_arguments,
        _shell_line,
    ),
    Command(
        "git-hook",
        "what the git hooks of `init --git-hooks` call; not for typing",
        ("sidelight git-hook post-commit",),
        _hook_arguments,
        _git_hook,
    ),
)
