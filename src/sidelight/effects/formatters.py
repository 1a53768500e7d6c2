"""Formatters, linters that mend and codemods: which of their invocations rewrite source files, and below which paths.

One row a program (a few have several verbs): the verb, the options without which it only prints, the options with which
it only looks, and those that take a value.
"""

from __future__ import annotations

from sidelight.effects.options import split
from sidelight.records import NamedTuple


class Formatter(NamedTuple):
    """A verb that rewrites source ('' for a program without verbs): `on` makes it write (() if it always does), `off`
    makes it only look, `valued` take a value.
    """

    verb: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    valued: tuple[str, ...]


class Verdict(NamedTuple):
    """What an invocation does: it only `looks`, or it rewrites what it finds below `paths`."""

    looks: bool
    paths: tuple[str, ...] = ()


def _formatter(verb: str = "", on: str = "", off: str = "", valued: str = "") -> Formatter:
    return Formatter(verb, tuple(on.split()), tuple(off.split()), tuple(valued.split()))


_LINE = "-l --line-length -t --target-version --config -c"
FORMATTERS: dict[str, tuple[Formatter, ...]] = {
    # Python
    "ruff": (
        _formatter("format", off="--check --diff", valued="--config --line-length --target-version --exclude --range"),
        _formatter(
            "check",
            on="--fix --fix-only --unsafe-fixes --add-noqa",
            off="--diff --no-fix",
            valued=(
                "--config --select --ignore --extend-select --output-format --exclude --target-version --line-length"
            ),
        ),
    ),
    "black": (_formatter(off="--check --diff -c --code", valued=_LINE + " --exclude --include --extend-exclude"),),
    "isort": (_formatter(off="--check -c --check-only --diff -d", valued="--profile -l --settings-path --sp -p"),),
    "autopep8": (_formatter(on="-i --in-place", off="-d --diff", valued="--max-line-length --select --ignore"),),
    "yapf": (_formatter(on="-i --in-place", off="-d --diff", valued="--style -e -l"),),
    "autoflake": (_formatter(on="-i --in-place", off="--check -c --check-diff", valued="--imports --exclude"),),
    "docformatter": (_formatter(on="-i --in-place", off="-c --check"),),
    "pyupgrade": (_formatter(),),
    "add-trailing-comma": (_formatter(),),
    "2to3": (_formatter(on="-w --write", valued="-f -x"),),
    "djlint": (_formatter(on="--reformat", off="--check"),),
    "sqlfluff": (_formatter("fix", valued="--dialect -d --rules"), _formatter("format", valued="--dialect -d")),
    # JavaScript and its kin
    "prettier": (
        _formatter(
            on="--write -w",
            off="--check -c -l --list-different",
            valued=("--config --ignore-path --parser --plugin --tab-width --print-width --log-level"),
        ),
    ),
    "prettierd": (_formatter(on="--write"),),
    "eslint": (
        _formatter(
            on="--fix",
            off="--fix-dry-run",
            valued=("-c --config --ext --rule -f --format -o --ignore-path --max-warnings --ignore-pattern --plugin"),
        ),
    ),
    "oxlint": (_formatter(on="--fix --fix-suggestions", valued="-c --config -D -A -W"),),
    "stylelint": (_formatter(on="--fix", valued="--config -c --formatter"),),
    "standard": (_formatter(on="--fix"),),
    "xo": (_formatter(on="--fix"),),
    "tslint": (_formatter(on="--fix", valued="-c --config -p --project"),),
    "biome": tuple(
        _formatter(verb, on="--write --fix --apply --apply-unsafe --unsafe", valued="--config-path --max-diagnostics")
        for verb in ("check", "format", "lint", "migrate")
    ),
    "dprint": (_formatter("fmt"),),
    "markdownlint": (_formatter(on="--fix -f", valued="-c --config -i --ignore"),),
    "markdownlint-cli2": (_formatter(on="--fix", valued="--config"),),
    "jscodeshift": (_formatter(off="-d --dry", valued="-t --transform --parser --extensions --ignore-pattern"),),
    "codemod": (_formatter(off="--dry-run"),),
    # Go, Rust, C, the shell
    "gofmt": (_formatter(on="-w", valued="-r"),),
    "gofumpt": (_formatter(on="-w"),),
    "goimports": (_formatter(on="-w", valued="-local"),),
    "golangci-lint": (_formatter("run", on="--fix", valued="-c --config"), _formatter("fmt", off="--diff -d")),
    "rustfmt": (_formatter(off="--check", valued="--edition --config --config-path --emit"),),
    "clang-format": (_formatter(on="-i", off="-n --dry-run", valued="--style -style"),),
    "clang-tidy": (_formatter(on="--fix -fix --fix-errors -fix-errors", valued="-p --checks -checks"),),
    "shfmt": (_formatter(on="-w --write", off="-d --diff -l", valued="-i -ln"),),
    "buf": (_formatter("format", on="-w --write", off="-d --diff"),),
    "stylua": (_formatter(off="--check -c", valued="--config-path -f"),),
    "taplo": (_formatter("fmt", off="--check"), _formatter("format", off="--check")),
    "nixfmt": (_formatter(off="--check -c"),),
    "alejandra": (_formatter(off="--check -c"),),
    "zig": (_formatter("fmt", off="--check"),),
    # Ruby, PHP, the JVM, Swift, the rest
    "rubocop": (
        _formatter(
            on="-a -A -x --autocorrect --auto-correct --autocorrect-all --auto-correct-all --fix-layout",
            valued="-c --config --only -f --format",
        ),
    ),
    "standardrb": (_formatter(on="--fix"),),
    "erblint": (_formatter(on="-a --autocorrect"),),
    "php-cs-fixer": (_formatter("fix", off="--dry-run", valued="--config --rules"),),
    "phpcbf": (_formatter(),),
    "pint": (_formatter(off="--test"),),
    "rector": (_formatter("process", off="--dry-run -n"),),
    "ktlint": (_formatter(on="-F --format"),),
    "google-java-format": (_formatter(on="-i -r --replace", off="-n --dry-run"),),
    "scalafmt": (_formatter(off="--check --test --list", valued="-c --config"),),
    "swiftformat": (_formatter(off="--lint --dryrun", valued="--config --rules"),),
    "swiftlint": (_formatter(on="--fix --autocorrect"),),
    "ormolu": (_formatter(on="-i"),),
    "fourmolu": (_formatter(on="-i"),),
    "csharpier": (_formatter("format", off="--check"), _formatter(off="--check")),
    # programs whose other verbs are not for here
    "go": (_formatter("fmt", off="-n"), _formatter("fix", off="-diff")),
    "cargo": (
        _formatter("fmt", off="--check", valued="-p --package --manifest-path"),
        _formatter("fix", valued="-p --package --features"),
        _formatter("clippy", on="--fix", valued="-p --package --features"),
    ),
    "dart": (
        _formatter("format", off="--output=none -o=none", valued="-l --line-length -o --output"),
        _formatter("fix", on="--apply", off="-n --dry-run"),
    ),
    "mix": (_formatter("format", off="--check-formatted --dry-run"),),
    "deno": (_formatter("fmt", off="--check", valued="-c --config --ext"), _formatter("lint", on="--fix")),
    "dotnet": (_formatter("format", off="--verify-no-changes"),),
    "terraform": (_formatter("fmt", off="-check -write=false"),),
    "tofu": (_formatter("fmt", off="-check -write=false"),),
    "terragrunt": (_formatter("hclfmt", off="--terragrunt-check --check"), _formatter("fmt", off="-check --check")),
    "packer": (_formatter("fmt", off="-check -write=false"),),
}
#: Their other verbs are not for here.
_MANY_SIDED = frozenset(
    {"go", "cargo", "dart", "mix", "deno", "dotnet", "terraform", "tofu", "terragrunt", "packer", "buf", "zig"}
)
#: Without a path these do nothing or read their standard input; the others take all below where they run.
NEED_PATHS = frozenset({"pyupgrade", "add-trailing-comma", "autopep8", "autoflake", "clang-format", "gofmt", "rustfmt"})
_LONG = frozenset({"terraform", "tofu", "packer", "clang-tidy", "goimports", "terragrunt", "go"})
_WHOLE_PROJECT = frozenset({"cargo", "mix", "dotnet"})
_FROM_STDIN = frozenset({"--help", "--version", "--stdin-filename", "--stdin-filepath"})


def verdict(argv: tuple[str, ...]) -> Verdict | None:
    """What an invocation of one of FORMATTERS does; None for a verb that is not for here."""
    name = argv[0]
    for verb, on, off, valued in FORMATTERS[name]:
        words = split(argv, valued=valued, long=name in _LONG)
        if verb and words.verb() != verb:
            continue
        given = {option for option, _ in words.options} | {f"{option}={value}" for option, value in words.options}
        looks = bool(given & _FROM_STDIN) or bool(given.union(words.rest) & set(off)) or not (not on or given & set(on))
        return Verdict(looks, () if name in _WHOLE_PROJECT else words.after(1 if verb else 0))
    return None if name in _MANY_SIDED else Verdict(looks=True)
