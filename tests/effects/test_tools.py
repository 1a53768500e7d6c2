"""Every host's own tools, and what the commands of a line do together."""

import pkgutil
from importlib import import_module
from typing import Any

import pytest

from sidelight import effects
from sidelight.effects import Call, Effects, effects_of, subjects
from tests.fakes import FakeFacts

PATCH = """*** Begin Patch
*** Add File: src/new.py
+x
*** Update File: src/a.py
@@
-a
+b
*** Update File: src/old.py
*** Move to: src/moved.py
@@
-a
+b
*** Delete File: src/gone.py
*** End Patch
"""


def done(tool, given, background=False, **changes):
    return effects_of(Call(tool, given, background), FakeFacts(**changes))


def kinds(found):
    return [(draft.kind, draft.target) for draft in found.drafts]


FILES = {
    "Claude edits": ("Edit", {"file_path": "/repo/a.py", "old_string": "x", "new_string": "y"}, [("edit", "a.py")]),
    "Claude edits in many places": ("MultiEdit", {"file_path": "/repo/a.py", "edits": [{}]}, [("edit", "a.py")]),
    "Claude writes": ("Write", {"file_path": "/repo/a.py", "content": ""}, [("write", "a.py")]),
    "Claude edits a notebook": ("NotebookEdit", {"notebook_path": "/repo/a.ipynb"}, [("edit", "a.ipynb")]),
    "Gemini replaces": ("replace", {"file_path": "/repo/a.py"}, [("edit", "a.py")]),
    "Gemini writes": ("write_file", {"file_path": "/repo/a.py"}, [("write", "a.py")]),
    "Copilot edits": ("edit", {"path": "/repo/a.py"}, [("edit", "a.py")]),
    "Copilot creates": ("create", {"path": "/repo/a.py"}, [("write", "a.py")]),
    "opencode edits": ("edit", {"filePath": "/repo/a.py"}, [("edit", "a.py")]),
    "Cursor edits": ("edit_file", {"target_file": "a.py"}, [("edit", "a.py")]),
    "Cursor deletes": ("delete_file", {"target_file": "a.py"}, [("delete", "a.py")]),
    "a person saves": ("editor.save", {"file_path": "/repo/a.py"}, [("edit", "a.py")]),
    "a server's tool": ("mcp__files__write_file", {"path": "/repo/a.py"}, [("write", "a.py")]),
    "a file as a URI": ("edit_file", {"uri": "file:///repo/a.py"}, [("edit", "a.py")]),
    "several files": ("edit", {"files": ["a.py", "b.py"]}, [("edit", "a.py"), ("edit", "b.py")]),
    "the editor tool creates": ("str_replace_editor", {"command": "create", "path": "/repo/a"}, [("write", "a")]),
    "the editor tool inserts": (
        "str_replace_based_edit_tool",
        {"command": "insert", "path": "/repo/a"},
        [("edit", "a")],
    ),
    "Codex patches": (
        "apply_patch",
        {"input": PATCH},
        [
            ("write", "src/new.py"),
            ("edit", "src/a.py"),
            ("delete", "src/old.py"),
            ("write", "src/moved.py"),
            ("delete", "src/gone.py"),
        ],
    ),
    "a snapshot is restored": ("session.undo", {"scope": "all", "directory": "/repo"}, [("tree-undo", "/repo")]),
}


@pytest.mark.parametrize("sentence", FILES)
def test_what_a_tool_does_to_files(sentence):
    tool, given, expected = FILES[sentence]
    found = done(tool, given)
    assert kinds(found) == expected
    assert not found.reads
    assert not found.unknown


def test_codex_patches_through_a_shell_too():
    line = f"cd src && apply_patch <<'EOF'\n{PATCH}EOF"
    assert ("edit", "src/src/a.py") in kinds(done("shell", {"command": ["bash", "-lc", line]}))
    assert ("edit", "src/a.py") in kinds(done("shell", {"command": ["apply_patch", PATCH]}))


@pytest.mark.parametrize("tool", ["Read", "Grep", "Glob", "LS", "WebFetch", "TodoWrite", "Task", "read_file", "view"])
def test_tools_that_look_are_reads(tool):
    assert done(tool, {"file_path": "/repo/a.py"}) == Effects(reads=True)


def test_the_editor_tool_that_views_is_a_read():
    assert done("str_replace_editor", {"command": "view", "path": "/repo/a"}).reads


def test_a_tool_nobody_knows_is_unknown():
    assert done("mcp__jira__transition", {"id": 1}) == Effects(unknown=True)


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("Bash", {"command": "rm x"}),
        ("exec_command", {"cmd": "rm x"}),
        ("shell", {"command": ["bash", "-lc", "rm x"]}),
        ("shell", {"command": ["rm", "x"]}),
        ("local_shell", {"action": {"command": ["rm", "x"]}}),
        ("container.exec", {"cmd": ["rm", "x"]}),
        ("run_shell_command", {"command": "rm x", "directory": "."}),
        ("run_terminal_cmd", {"command": "rm x", "is_background": False}),
        ("PowerShell", {"command": "Remove-Item x"}),
        ("functions.shell", {"command": ["rm", "x"]}),
    ],
)
def test_every_hosts_shell_is_understood(tool, given):
    assert kinds(done(tool, given)) == [("delete", "x")]


def test_a_shell_tool_may_name_its_directory():
    assert kinds(done("shell", {"command": ["rm", "x"], "workdir": "/repo/web"})) == [("delete", "web/x")]


READS = {
    "cat a | grep b | wc -l": True,
    "ls -la && pwd && echo hi": True,
    "cd web; ls": True,
    "export A=1": True,
    "find . -name '*.py'": True,
    "git status; git log | head -3": True,
    "cat a > /dev/null 2>&1": True,
    "grep -c x $(git ls-files)": True,
    "for f in *.py; do head -1 $f; done": True,
    "command -v git": True,
    "terraform --version": True,
    "[ -f a ] && cat a": True,
    "cat <<'E'\nrm -rf /\nE": True,
    "echo 'git push --force'": True,
    "curl -s https://example.test": True,
    "cat a > b": False,
    'cat a > "$X"': False,
    "powershell -c 'Get-Content a > $null'": True,
    "powershell -c 'Get-Content a > b'": False,
    "sort -o a a": False,
    "find . -delete": False,
    "echo $(rm x)": False,
    "some-program": False,
    "ls; some-program": False,
    "cat 'a": False,
    "$X": False,
    "": False,
}


@pytest.mark.parametrize("line", READS)
def test_only_what_is_proven_is_a_read(line):
    assert done("Bash", {"command": line}).reads is READS[line]


def test_an_unknown_program_is_kept_with_its_short_spelling():
    found = done("Bash", {"command": "ls && frobnicate --token abc123 x"})
    assert found.unknown
    assert [(draft.kind, draft.summary) for draft in found.drafts] == [("command", "frobnicate --token *** x")]


def test_redirections_are_writes_of_any_program():
    found = done("Bash", {"command": "ls > a; pwd >> b"})
    assert kinds(found) == [("write", "a"), ("edit", "b")]
    assert not found.unknown


def test_what_happens_on_another_machine_does_not_happen_here():
    found = done("Bash", {"command": "ssh build1 'cd /repo && rm -rf x'"})
    assert [touch.key for draft in found.drafts for touch in draft.touches] == ["path:build1:/repo/x"]


def test_what_happens_in_an_unknown_place_is_not_taken_for_here():
    found = done("Bash", {"command": 'cd "$DIR" && rm -rf x && rm /repo/y'})
    assert [touch.key for draft in found.drafts for touch in draft.touches] == ["path:m1:/repo/y"]


def test_the_last_command_of_a_background_call_goes_on(monkeypatch):
    seen = []

    def note(command, _facts):
        seen.append(command)
        return Effects()

    monkeypatch.setattr(subjects, "one_command", note)
    done("Bash", {"command": "npm ci && npm run dev"}, background=True)
    done("Bash", {"command": "npm run dev", "run_in_background": True})
    assert [command.background for command in seen] == [False, True, True]


def test_a_rule_that_fails_leaves_the_command_unknown(monkeypatch):
    monkeypatch.setattr("sidelight.effects.files.read", lambda *_: 1 / 0)
    assert done("Bash", {"command": "rm x"}).unknown


def test_every_module_is_found_by_all_its_programs():
    modules = {
        name: import_module(f"sidelight.effects.{name}") for _, name, _ in pkgutil.iter_modules(effects.__path__)
    }
    offered = {
        name: module.PROGRAMS
        for name, module in modules.items()
        if hasattr(module, "PROGRAMS") and hasattr(module, "read")
    }
    assert {name: set(programs.split()) for name, programs in subjects.SUBJECTS.items()} == offered


MALFORMED: list[Any] = [
    None,
    {},
    [],
    "rm x",
    {"command": None},
    {"command": 5},
    {"command": []},
    {"command": [None]},
    {"command": {"a": 1}},
    {"command": "\ud800 rm \udfff"},
    {"command": "x" * 10_000_000},
    {"command": "\0"},
    {"file_path": 5},
    {"file_path": "\0"},
    {"file_path": "\ud800"},
    {"file_path": "x" * 10_000_000},
    {"edits": [None, 5, {"file_path": None}]},
    {"patch": "*** Add File: \n" * 1000},
    {"method": 5, "path": None},
    {"method": "PATCH", "path": "/config", "body": "{"},
]


@pytest.mark.parametrize(
    "tool", ["Bash", "Edit", "Write", "apply_patch", "http", "session.undo", "shell", "PowerShell"]
)
@pytest.mark.parametrize("given", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_input_is_no_read_and_no_crash(tool, given):
    assert not effects_of(Call(tool, given), FakeFacts()).reads


@pytest.mark.parametrize("tool", [None, 5, "", "\ud800", b"Bash"])
def test_a_tool_without_a_proper_name_is_unknown(tool):
    assert effects_of(Call(tool, {"command": "ls"}), FakeFacts()).unknown
