"""What writes into files and edits them: tee, sed, perl, patch, downloads."""

from __future__ import annotations

import re
from collections.abc import Callable

from sidelight.actions import Draft
from sidelight.effects import UNKNOWN, Command, Effects
from sidelight.effects.options import split
from sidelight.effects.places import summary
from sidelight.effects.touching import READ, deleted, each_path, edited, named, with_unknown, written
from sidelight.facts import Facts
from sidelight.records import late_pattern


def tee(command: Command, facts: Facts) -> Effects:
    words = split(command.argv)
    adds = words.has("-a", "--append", "-Append")
    if not words.after(0):
        return READ
    return each_path(edited if adds else written, words.after(0), command, facts)


def dd(command: Command, facts: Facts) -> Effects:
    outputs = [word[3:] for word in command.argv[1:] if word.startswith("of=")]
    return each_path(written, outputs, command, facts) if outputs else READ


def truncate(command: Command, facts: Facts) -> Effects:
    return each_path(written, split(command.argv, valued=("-s", "--size", "-r")).after(0), command, facts)


def sed(command: Command, facts: Facts) -> Effects:
    """`-i` on the files after the script. BSD's takes the suffix as a word of its own: `sed -i '' …`."""
    argv = list(command.argv)
    if not any(re.match(r"-[nrEszub]*i|--in-place", word) for word in argv[1:]):
        return READ
    argv = [word for at, word in enumerate(argv) if word or not at or not re.match(r"-[nrEszub]*i$", argv[at - 1])]
    words = split(tuple(argv), valued=("-e", "--expression", "-f", "--file", "-l"), attached=("-i",))
    files = words.after(0) if words.has("-e", "--expression", "-f", "--file") else words.after(1)
    return each_path(edited, files, command, facts)


#: What a one-liner of perl or ruby needs to do more than print.
_ONE_LINER_ACTS = late_pattern(
    r"\b(system|exec|spawn|open|sysopen|unlink|rename|mkdir|rmdir|link|symlink|truncate|chmod|chown|utime|kill|fork|eval"
    r"|evalbytes|require|use|do|send|socket|connect|load|qx|tie|dbmopen|syswrite|File\w*|IO\w*|Dir|Process|Kernel"
    r"|Pathname|Tempfile|Open3|ARGF|delete|write)\b|`|%x|\^I|->|[|>]\s*[\"']|[^\w\s]\w*ee\w*\s*(?:[;}]|$)"
)


def perl(command: Command, facts: Facts) -> Effects | None:
    """`-i` edits the files in place (`-0pi -e …`); `-n` and `-p` alone print. Any other program could do anything."""
    digits = re.compile(r"^(-[a-zA-Z]*?)[0l](?:x[0-9a-fA-F]+|[0-7]*)(?=[a-zA-Z]|$)")  # `-0777`, `-l012`: separators
    argv = tuple(_without(digits, word) for word in command.argv)
    words = split(argv, valued=("-e", "-E", "-I", "-M", "-m", "-r"), attached=("-i", "-F", "-C"))
    scripts = words.values("-e", "-E")
    if words.has("-v", "-V", "--version", "-c"):
        return READ
    if words.has("-i") and scripts:
        return each_path(edited, words.after(0), command, facts)
    filters = words.has("-n", "-p") and scripts and not words.has("-M", "-m", "-r", "-i", "-s", "-x")
    opens = any(word.strip().endswith("|") or word.strip()[:1] in ("|", ">", "+") for word in words.after(0))
    return READ if filters and not opens and not any(_ONE_LINER_ACTS.search(text) for text in scripts) else None


def _without(pattern: re.Pattern[str], word: str) -> str:
    """An option bundle without the parts that match."""
    shorter = pattern.sub(r"\1", word)
    return shorter if shorter != "-" else "-0"


_AWK_ACTS = late_pattern(r"system\s*\(|print[^;}\n]*>|\|\s*\"|\|&|\|\s*getline|\"\s*\|")


def awk(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, valued=("-F", "-v", "-f", "--file", "--assign", "-i", "--include", "-l"))
    plain = words.after(0)
    scripts = [] if words.has("-f", "--file") else list(plain[:1])
    if words.value("-i", "--include") == "inplace":
        return each_path(edited, plain[len(scripts) :], command, facts)
    return READ if scripts and not _AWK_ACTS.search(scripts[0]) else None


def edits(*valued: str, skip: int = 0) -> Callable[[Command, Facts], Effects]:
    """A program that edits all files it is given, after `skip` words that are none."""

    def edit(command: Command, facts: Facts) -> Effects:
        return each_path(edited, split(command.argv, valued=valued).after(skip), command, facts)

    return edit


def in_place(*switches: str, skip: int = 0) -> Callable[[Command, Facts], Effects]:
    """A filter that edits its files only with a switch."""

    def edit(command: Command, facts: Facts) -> Effects:
        words = split(command.argv)
        return each_path(edited, words.after(skip), command, facts) if words.has(*switches) else READ

    return edit


def output(*switches: str) -> Callable[[Command, Facts], Effects]:
    """A filter that writes its result to the file one of its options names."""

    def write(command: Command, facts: Facts) -> Effects:
        output = split(command.argv, valued=switches).value(*switches)
        return each_path(written, [output], command, facts) if output else READ

    return write


_PATCH_VALUED = ("-p", "--strip", "-i", "--input", "-d", "--directory", "-o", "-r", "-B", "-D", "-F", "-V", "-Y", "-z")


def patch(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, valued=_PATCH_VALUED)
    if words.has("--dry-run", "-C", "--check", "--help", "--version"):
        return READ
    here = facts.at(words.value("-d", "--directory") or facts.cwd)
    if words.plain:
        return each_path(edited, words.plain[:1], command, here)
    name = words.value("-i", "--input") or (words.plain[1] if len(words.plain) > 1 else None)
    name = name or next((redirect.path for redirect in command.redirects if redirect.op == "<"), None)
    text = command.stdin or (facts.read(name) if name and UNKNOWN not in name else None)
    given = words.value("-p", "--strip")
    return patched(text, int(given) if given and given.isdigit() else 1, command, here)


def patched(text: str | None, strip: int, command: Command, facts: Facts) -> Effects:
    """The files that a patch changes, as its text names them."""
    said = summary(command)
    drafts: list[Draft] = []
    for old, new in re.findall(r"^--- (\S+).*\r?\n\+\+\+ (\S+)", text or "", re.MULTILINE):
        if new == "/dev/null":
            drafts += deleted("/".join(old.split("/")[strip:]), facts, said)
        else:
            make = written if old == "/dev/null" else edited
            drafts += make("/".join(new.split("/")[strip:]), facts, said)
    return Effects(tuple(drafts), unknown=not drafts) if drafts else with_unknown((), command, sure=False)


def curl(command: Command, facts: Facts) -> Effects | None:
    """A download. Anything that sends is not for here to judge."""
    words = split(command.argv, valued=_CURL_VALUED)
    method = words.value("-X", "--request") or ("HEAD" if words.has("-I", "--head") else "GET")
    sends = any(name.startswith(("--data", "--form", "--json", "--upload", "--url-query")) for name, _ in words.options)
    if sends or words.has("-d", "-F", "-T", "-K", "--config") or method.upper() not in ("GET", "HEAD", "OPTIONS"):
        return None
    drafts = download_drafts(command, facts)
    return Effects(drafts) if drafts else READ


_CURL_VALUED = (
    "-X --request -o --output -d -F -T -H --header -u --user -A --user-agent -e --referer -b --cookie -c"
    " --cookie-jar -m --max-time --connect-timeout --retry --retry-delay --cacert --cert --key -E -x --proxy"
    " -w --write-out --output-dir -r --data --data-raw --data-binary --data-urlencode --json --form -K"
    " --config --resolve --unix-socket -D --dump-header --limit-rate -C -Y -y -z --interface --url"
).split()


def download_drafts(command: Command, facts: Facts) -> tuple[Draft, ...]:
    """The files that `curl -o F` and `wget` write, whatever else the request does."""
    if command.argv[0] == "wget":
        words = split(
            command.argv, valued=("-O", "--output-document", "-P", "--directory-prefix", "-o", "-a", "-U", "-t")
        )
        names = words.values("-O", "--output-document") or tuple(named(url) for url in words.after(0))
        under = words.value("-P", "--directory-prefix")
    else:
        words = split(command.argv, valued=_CURL_VALUED)
        names = words.values("-o", "--output")
        if words.has("-O", "--remote-name", "--remote-name-all"):
            names += tuple(named(url) for url in words.after(0))
        under = words.value("--output-dir")
    said = summary(command)
    paths = [f"{under}/{name}" if under and not name.startswith("/") else name for name in names if name]
    return tuple(draft for path in paths if UNKNOWN not in path for draft in written(path, facts, said))


def wget(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, valued=("-O", "--output-document"))
    if words.has("--post-data", "--post-file", "--method", "--body-data", "--body-file"):
        return None
    drafts = () if words.has("--spider") else download_drafts(command, facts)
    return Effects(drafts) if drafts else READ
