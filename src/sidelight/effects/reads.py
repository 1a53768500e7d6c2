"""Programs that only look: what proves that a command line changes nothing."""

from __future__ import annotations

import re

from sidelight.effects import Command

#: Read-only whatever their arguments are.
ALWAYS = frozenset(
    (
        ": [ [[ ack actionlint ag arch atop b2sum base32 base64 basename bat batcat bc btop cal cat cd cksum"
        " clear cloc cmp column comm cut delta df diff difft dig dirname dmesg du echo egrep exa expand expr eza"
        " factor false fgrep file fmt fold free getconf getent grep groups hadolint head hexdump host htop id"
        " iostat jobs join jq last less locale locate look ls lsattr lsb_release lsblk lscpu lsof lspci lsusb man"
        " md5 md5sum mdfind more mtr netstat nl nm nproc nslookup numfmt objdump od otool paste pathchk pgrep ping"
        " pr printenv printf ps pstree pwd pwdx pycodestyle pydocstyle pyflakes readelf readlink realpath rev rg"
        " scc seq sha1sum sha256sum sha512sum shasum shellcheck size sleep ss stat staticcheck strings sum sw_vers"
        " tac tail test tldr tokei top tr traceroute tree true tsort tty type uname unexpand uniq uptime users"
        " vmstat vulture w wait wc whatis whereis which who whoami whois xxd yamllint yes zcat zgrep zless"
    ).split()
)

#: Read-only unless one of these options is given (`-i`, also in a cluster such as `-ni`, or `--output=x`).
UNLESS: dict[str, str] = {
    "date": "-s --set",
    "fd": "-x -X --exec --exec-batch",
    "fdfind": "-x -X --exec --exec-batch",
    **dict.fromkeys(("pyright", "basedpyright"), "--createstub --writebaseline -w --watch"),
    "mypy": "--install-types",
    "svelte-check": "--watch",
    "ty": "",
    "bandit": "-o --output",
    "flake8": "--output-file",
    "pylint": "--output",
    "semgrep": "--autofix -a -o --output",
    "tflint": "--fix --init",
    "find": "-delete -exec -execdir -ok -okdir -fprint -fprintf -fls -fprint0",
    "gfind": "-delete -exec -execdir -ok -okdir -fprint -fprintf -fls -fprint0",
    "hostname": "-F --file -b",
    "journalctl": "--vacuum-size --vacuum-time --vacuum-files --rotate --flush",
    "sort": "-o --output",
    "xmllint": "--output -o",
    "yq": "-i --inplace",
}
#: Read-only only with one of these.
ONLY: dict[str, str] = {
    "command": "-v -V",
    "kill": "-0 -l",
    **dict.fromkeys(("tsc", "tsgo", "vue-tsc"), "--noEmit -noEmit --showConfig --listFilesOnly"),
}
_BARE = frozenset(("env", "hostname", "mount", "set", "ssh-add"))


def is_help(argv: tuple[str, ...]) -> bool:
    """`X --version`, `X sub --help`: asks a program about itself."""
    return 1 < len(argv) <= 4 and argv[-1] in ("--help", "--version") and "--" not in argv


def is_read(command: Command) -> bool:
    """Is this command, its redirections aside, a read whatever it finds?"""
    program, options = command.argv[0], command.argv[1:]
    if program in ALWAYS:
        return True
    if program == "env" or (program in _BARE and not options):
        return not any(not word.startswith("-") and "=" not in word for word in options)
    if program in UNLESS:
        return not _has(options, UNLESS[program]) and not (program == "hostname" and options)
    return program in ONLY and _has(options, ONLY[program]) and not {"-w", "--watch"} & set(options)


def _has(options: tuple[str, ...], wanted: str) -> bool:
    names = frozenset(wanted.split())
    letters = {name[1] for name in names if len(name) == 2}
    for option in options:
        if option.partition("=")[0] in names:
            return True
        if re.fullmatch(r"-[A-Za-z0-9]+", option) and letters & set(option[1:]) and len(option) < 5:
            return True
    return False
