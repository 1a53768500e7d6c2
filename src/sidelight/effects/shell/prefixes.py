"""Programs whose options come first and then a command: the tables of those, and how their words are split."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sidelight.effects.options import split
from sidelight.records import NamedTuple, late_pattern

# ── options ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Options(NamedTuple):
    """The options at the start of a command line, and where the rest begins."""

    given: Mapping[str, str]
    rest: tuple[str, ...]

    def get(self, *names: str) -> str | None:
        """The value of the first of these options that was given ('' for a switch), None if none was."""
        return next((self.given[name] for name in names if name in self.given), None)


def options(words: tuple[str, ...], taking: str = "") -> Options:
    """Split words into leading options and the rest. `taking` lists the options that are followed by a value.

    >>> options(("-nu", "root", "--", "rm", "-x"), "-u").rest
    ('rm', '-x')
    """
    found = split(("", *words), frozenset(taking.split()), stop=1)
    return Options({name: value or "" for name, value in found.options}, found.after(0))


_ASSIGNMENT = late_pattern(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)


def assignments(words: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Leading `NAME=value` words, and what follows them."""
    env: dict[str, str] = {}
    for number, word in enumerate(words):
        match = _ASSIGNMENT.fullmatch(word)
        if match is None:
            return env, words[number:]
        env[match[1]] = match[2]
    return env, ()


# ── plain prefixes ────────────────────────────────────────────────────────────────────────────────────────────────


class Prefix(NamedTuple):
    """A program whose options come first, then the command.

    `taking`: options followed by a value. `skip`: words between the options and the command. `cwd`, `text`: the options
    that name a directory for the command, or give the command as one text. `unset`: those that take a variable away.
    `alone`: options with which it runs nothing.
    """

    taking: str = ""
    skip: int = 0
    cwd: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


PREFIXES: dict[str, Prefix] = {
    "builtin": Prefix(),
    "caffeinate": Prefix("-t -w"),
    "chroot": Prefix("--userspec --groups", skip=1),
    "chrt": Prefix("-T -P -D --sched-runtime --sched-period --sched-deadline", skip=1, alone=("-p", "-m")),
    "command": Prefix(alone=("-v", "-V")),
    "corepack": Prefix(),
    "cross-env": Prefix(),
    "cross-env-shell": Prefix(),
    "doas": Prefix("-a -C -u", alone=("-L", "-s")),
    "dotenv": Prefix("-e -c -v -p -f --file"),
    "env": Prefix(
        "-u --unset -C --chdir -S --split-string -a --argv0",
        cwd=("-C", "--chdir"),
        text=("-S", "--split-string"),
        unset=("-u", "--unset"),
    ),
    "env-cmd": Prefix("-f --file -e --environments -r --rc-file"),
    "firejail": Prefix(),
    "flock": Prefix("-w --wait --timeout -E --conflict-exit-code", skip=1),
    "gdb": Prefix("-ex -x", alone=("-p",)),
    "ionice": Prefix("-c --class -n --classdata", alone=("-p", "--pid", "-P", "-u")),
    "ltrace": Prefix("-e -o -p -s -u -n -l", alone=("-p",)),
    "newgrp": Prefix(alone=("-",)),
    "nice": Prefix("-n --adjustment"),
    "nocorrect": Prefix(),
    "noglob": Prefix(),
    "nohup": Prefix(),
    "numactl": Prefix("-C -m -N --cpunodebind --membind --physcpubind"),
    "rtk": Prefix(),
    "setsid": Prefix(),
    "stdbuf": Prefix("-i --input -o --output -e --error"),
    "strace": Prefix("-e -o -p -s -u -E -a -I -O -S -P --trace --output --attach", alone=("-p", "--attach")),
    "sudo": Prefix(
        "-a -C -c -D -g -h -p -R -r -t -T -U -u --user --group --host --prompt --chdir --chroot --close-from"
        " --command-timeout --role --type --other-user --login-class --auth-type",
        cwd=("-D", "--chdir"),
        alone=("-e", "--edit", "-l", "--list", "-v", "--validate", "-V", "--version"),
    ),
    "systemd-inhibit": Prefix("--what --who --why --mode"),
    "systemd-run": Prefix("-u --unit -p --property -H --host -M --machine -E --setenv --slice --description"),
    "taskset": Prefix(skip=1, alone=("-p", "--pid")),
    "time": Prefix("-o --output -f --format"),
    "timeout": Prefix("-k --kill-after -s --signal", skip=1),
    "tsp": Prefix("-L -D -W"),
    "unbuffer": Prefix(),
    "unshare": Prefix("-S -G -R -w --root --wd --setuid --setgid"),
    "winpty": Prefix(),
    "with-lock-ex": Prefix(skip=1),
    "xvfb-run": Prefix("-e --error-file -f --auth-file -n --server-num -s --server-args -w --wait"),
}

#: Programs of which one subcommand runs another command, with the options of that subcommand that take a value.
RUNNERS: dict[str, dict[str, str]] = {
    "asdf": {"exec": ""},
    "aws-vault": {"exec": "-d --duration -r --region -t --mfa-token"},
    "bun": {"x": "-p --package"},
    "bundle": {"exec": "--gemfile"},
    "chamber": {"exec": ""},
    "composer": {"exec": "-d --working-dir"},
    "conda": {"run": "-n --name -p --prefix --cwd"},
    "devbox": {"run": "-c --config -e --env --env-file"},
    "direnv": {"exec": ""},
    "doppler": {"run": "-p --project -c --config --token --mount"},
    "dotenvx": {"run": "-f --env-file -e --env -fk"},
    "fnm": {"exec": "--using"},
    "hatch": {"run": "-e --env"},
    "infisical": {"run": "--env --path --projectId --token"},
    "mamba": {"run": "-n --name -p --prefix --cwd"},
    "micromamba": {"run": "-n --name -p --prefix --cwd"},
    "mise": {"exec": "-C --cd -j --jobs", "x": "-C --cd -j --jobs"},
    "npm": {"exec": "-p --package -w --workspace --prefix", "x": "-p --package -w --workspace --prefix"},
    "nvm": {"exec": ""},
    "op": {"run": "--env-file --account"},
    "pdm": {"run": "-p --project"},
    "pipenv": {"run": ""},
    "pipx": {"run": "--spec --python --pip-args"},
    "pnpm": {"exec": "-C --dir -F --filter", "dlx": "--package"},
    "poetry": {"run": "-C --directory -P --project"},
    "pyenv": {"exec": ""},
    "rbenv": {"exec": ""},
    "rye": {"run": ""},
    "uv": {
        "run": "--with --with-editable --with-requirements --python -p --env-file --extra --group --only-group"
        " --package --project --directory --index --index-url --default-index --find-links --config-file --cache-dir",
        "tool run": "--from --with --with-editable --with-requirements --python -p --index --default-index",
    },
    "volta": {"run": "--node --npm --pnpm --yarn"},
    "yarn": {"exec": "", "dlx": "-p --package"},
}
#: Global options of those programs that take a value and may stand before the subcommand.
RUNNER_GLOBALS = "-C --dir --cwd --prefix --filter -F --project --directory -w --workspace --config"
SKIP_ONE = frozenset(("aws-vault", "chamber", "direnv", "nvm"))
ALIASES = {"npx": ("npm", "exec"), "pnpx": ("pnpm", "dlx"), "bunx": ("bun", "x"), "uvx": ("uv", "tool run")}

#: Tools that package managers run by their bare name (`pnpm prisma migrate dev`).
BINARIES = frozenset(
    "astro cdk changeset concurrently cypress drizzle-kit eslint expo firebase gulp jest kill-port knex lerna"
    " mocha netlify next nodemon nuxt nx playwright pm2 prettier prisma remix rimraf rollup sequelize serverless"
    " sst storybook supabase tsc tsx turbo typeorm vercel vite vitest webpack wrangler".split()
)

SHELLS = frozenset("bash sh zsh dash ksh ash mksh fish rbash".split())


def is_shell(program: str) -> bool:
    """Does this program read command lines in (nearly) our grammar?"""
    return program in SHELLS
