"""The documentation is so: it builds without a warning, its examples run, and what it names exists (O24)."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sidelight import config
from sidelight.cli import COMMANDS
from sidelight.server.app import ROUTES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TEXT = dict(zip(NAMES, (page.read_text(encoding="utf-8") for page in PAGES), strict=True))
BIN = Path(sys.executable).parent
reference = import_module("docs.reference")

page = pytest.mark.parametrize("name", NAMES)


# ── the site ──


def test_the_site_builds_without_a_warning(tmp_path):
    # References are written beside the pages that include them, so a copy is built, and no other build is disturbed.
    for part in ("docs", "examples"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    site = tmp_path / "site"
    build = [BIN / "sphinx-build", "-W", "--keep-going", "-q", "-b", "html", tmp_path / "docs", site]
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    terminal = (site / "reference" / "terminal.html").read_text()
    assert all(f"sidelight {name}" in terminal for name in COMMANDS)
    http = (site / "reference" / "http.html").read_text()
    assert all(f"{route.method} {route.path}" in http for route in ROUTES)
    assert "https://" not in re.sub(r'(href="|>)https://[^"<]*', "", (site / "index.html").read_text()), (
        "no foreign parts"
    )


@page
def test_every_link_within_it_leads_somewhere(name):
    here = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(TEXT[name])):
        if re.match(r"https?:|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (here.parent / file).resolve() if file else here
        assert found.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)", without_code(found.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in {slug(title) for title in titles}, target


def without_code(text):
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def slug(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


# ── what it names ──


@page
def test_every_command_it_names_exists(name):
    called = re.findall(r"(?:`|\$ |^)sidelight ([a-z][a-z-]*)", TEXT[name], re.MULTILINE)
    assert set(called) <= set(COMMANDS), set(called) - set(COMMANDS)


@page
def test_every_option_in_an_example_exists(name):
    for command, rest in re.findall(r"(?:`|\$ |^)sidelight ([a-z][a-z-]*)([^`\n|]*)", TEXT[name], re.MULTILINE):
        known = help_of(command)
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", re.split(r" -- |[>#\"']", rest)[0]):
            assert option in known, f"sidelight {command} {option}"


_helps: dict[str, str] = {}


def help_of(command):
    if command not in _helps:
        _helps[command] = reference.help_of(command)
    return _helps[command]


def test_every_setting_is_in_the_reference_and_what_pages_call_a_setting_is_one():
    section: Any = config.DEFAULTS
    for part in config.SECTION.split("."):
        section = section[part]
    keys = {f"{name}.{inner}" for name, one in section.items() if isinstance(one, dict) for inner in one}
    keys |= {name for name, one in section.items() if not isinstance(one, dict)}
    for name in NAMES:
        for key in re.findall(r"`((?:attention|mute)\.[a-zA-Z]+|[a-z]+(?:Ms|Actions|Bytes))(?::[^`]*)?`", TEXT[name]):
            assert key in keys or key == "ttlMs", f"{name}: {key}"


def test_every_variable_of_the_environment_is_in_the_reference_and_no_other():
    sources = (file.read_text(encoding="utf-8") for file in (ROOT / "src").rglob("*.py"))
    read = {name for text in sources for name in re.findall(r"SIDELIGHT_[A-Z_]+", text)}
    internal = {"SIDELIGHT_SHELL"}  # which of a person's shells it is: `shell-init` sets it
    assert set(re.findall(r"SIDELIGHT_[A-Z_]+", TEXT["docs/reference/settings.md"])) == read - internal
    for name in NAMES:
        assert set(re.findall(r"SIDELIGHT_[A-Z_]+", TEXT[name])) <= read - internal, name


@page
def test_every_json_example_is_json(name):
    for block in re.findall(r"```json\n(.*?)```", TEXT[name], re.DOTALL):
        json.loads(block)


@page
def test_every_python_example_runs(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SIDELIGHT_HOME", str(tmp_path))
    for block in re.findall(r"```python\n(.*?)```", TEXT[name], re.DOTALL):
        exec(compile(block, name, "exec"), {})


# ── what it shows ──


class Step(NamedTuple):
    """One command of an example, who runs it, and what it is to print."""

    line: int
    who: str
    command: str
    prints: str


def steps_of(text):
    """The steps of all ```console blocks, in order. `a$` is session a's prompt, `$` is a person's."""
    found = []
    for block in re.finditer(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        number = text.count("\n", 0, block.start(1)) + 1
        for part in re.split(r"^(?=[a-z]?\$ )", block[1], flags=re.MULTILINE):
            if part.strip():
                who, _, rest = part.partition("$ ")
                command = re.match(r"(?:.*\\\n)*.*", rest)
                assert command is not None
                found.append(Step(number, who.strip(), command[0], rest[command.end() :].strip("\n")))
            number += part.count("\n")
    return found


WITH_STEPS = [name for name in NAMES if steps_of(TEXT[name])]


@pytest.mark.parametrize("name", WITH_STEPS)
def test_what_an_example_shows_is_what_comes(name, tmp_path):
    app = tmp_path / "home" / "me" / "app"
    (app / "src").mkdir(parents=True)
    (app / "src" / "redrive.py").write_text("RATE = 5\n")
    env = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(app.parent),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "CI": "true",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "me", "GIT_AUTHOR_EMAIL": "me@example.org",
        "GIT_COMMITTER_NAME": "me", "GIT_COMMITTER_EMAIL": "me@example.org",
    }  # fmt: skip
    start = "git init -q -b main . && git add . && git commit -q -m start"
    subprocess.run(["bash", "-c", start], cwd=app, env=env, check=True)
    for step in steps_of(TEXT[name]):
        who = {"SIDELIGHT_SESSION": step.who} if step.who else {}
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=app, env={**env, **who}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        shown = plain(done.stdout.replace(str(app.parent), "/home/me"))
        expected = ".*".join(re.escape(part) for part in plain(step.prints).split("…LEFT-OUT…"))
        assert re.fullmatch(expected, shown, re.DOTALL), f"{name}:{step.line}: {step.command}\n{shown}"


def plain(text):
    """What differs from run to run made equal: ids, how long ago, the space between columns."""
    text = re.sub(r"^…$", "…LEFT-OUT…", text.strip(), flags=re.MULTILINE)
    text = re.sub(r"\b([a-z-]+)-[0-9a-f]{6,}(-\d+)?\b", r"\1-ID", text)
    text = re.sub(r"\b\d+[smhd] ago", "N ago", text)
    return re.sub(r"[ \t]+", " ", re.sub(r"^[ \t]+|[ \t]+$", "", text, flags=re.MULTILINE))


# ── nothing is shown that nobody looks at ──


class Block(NamedTuple):
    """A block of code of a page: what it says it is, what stands in it, and what the comment before it says of it."""

    line: int
    kind: str
    body: str
    mark: str


#: Kinds that are run, compared or read above; those in braces are the site's own directives, done as it is built.
LOOKED_AT = ("console", "json", "python", "sh")


def blocks_of(text):
    """The fenced blocks of a page. `<!-- held by tests/…::test -->` or `<!-- not run: why -->` marks the one below."""
    found = re.finditer(r"^(?:<!-- ([^\n]*) -->\n)?[ >-]*```([^\n]*)\n(.*?)^[ >]*```", text, re.DOTALL | re.MULTILINE)
    return [Block(text.count("\n", 0, one.start()) + 1, one[2].strip(), one[3], one[1] or "") for one in found]


@page
def test_every_block_is_run_or_says_why_not(name):
    blocks = blocks_of(TEXT[name])
    assert TEXT[name].count("```") == 2 * len(blocks), "one is not closed, or is in a list"
    for block in blocks:
        where = f"{name}:{block.line}"
        if block.mark.startswith("held by "):
            assert exists(block.mark.removeprefix("held by ")), where
        elif block.mark:
            assert re.match(r"not run: \S", block.mark), where
        else:
            assert block.kind in LOOKED_AT or block.kind.startswith("{"), f"{where}: nobody runs or compares it"


def test_a_block_that_nobody_looks_at_would_be_noticed():
    (one, two) = blocks_of("```yaml\na: b\n```\n\n<!-- not run: x -->\n```text\n1\n```\n")
    assert one == Block(1, "yaml", "a: b\n", "")
    assert two.mark == "not run: x"
    assert not exists("tests/test_docs.py::test_that_is_not_there")
    assert not exists("tests/test_that_is_not_there.py")


def exists(test):
    """Is there a test of this name, `tests/FILE.py::NAME`, or a file of tests?"""
    file, _, function = test.partition("::")
    path = ROOT / file
    return path.is_file() and (not function or f"def {function}(" in path.read_text(encoding="utf-8"))


STAND_INS = "claude() { :; }\ncodex() { :; }\n"
TO_BE_RUN = [name for name in NAMES if any(one.kind == "sh" and not one.mark for one in blocks_of(TEXT[name]))]


@pytest.mark.parametrize("name", TO_BE_RUN)
def test_every_shell_example_runs(name, tmp_path):
    """In the home of somebody who uses Claude Code, in a repository; the agent programs themselves do nothing."""
    repo = tmp_path / "home" / "app"
    repo.mkdir(parents=True)
    (repo.parent / ".claude").mkdir()
    env = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(repo.parent),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "CI": "true",
        "LANG": "C.UTF-8",
    }
    subprocess.run(["git", "init", "-q", str(repo)], env=env, check=True)
    for block in blocks_of(TEXT[name]):
        if block.kind == "sh" and not block.mark:
            done = subprocess.run(
                ["bash", "-e", "-c", STAND_INS + block.body], cwd=repo, env=env,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{name}:{block.line}\n{done.stdout}{done.stderr}"


def test_an_example_that_shows_something_else_would_be_noticed():
    text = "```console\n$ echo one\nanother\n```\n"
    (step,) = steps_of(text)
    assert step == Step(2, "", "echo one", "another")
    assert plain("3m ago  x intent-01a2b3c4-12") == plain("2s ago x intent-ffffffff-1")
    assert plain("one") != plain("another")


# ── what it claims ──


def test_every_test_that_the_security_page_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT["docs/security.md"])
    assert len(named) > 25
    for file, function in named:
        assert exists(f"{file}::{function}"), f"{file}::{function}"


def test_the_security_page_has_a_row_for_every_threat_of_the_model():
    threats = ("hostile text", "hostile repository", "another user", "web page", "stolen token")
    titles = [title.lower() for title in re.findall(r"^## (.*)", TEXT["docs/security.md"], re.MULTILINE)]
    for threat in threats:
        assert any(threat in title for title in titles), threat
