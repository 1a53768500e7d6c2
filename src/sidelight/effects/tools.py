"""The agent programs' own tools: editing and reading files, shells, undo, and calls to our own service.

A tool is known by its bare name, in any case, whoever offers it (`mcp__files__write_file` → `write_file`). What is in
no table is unknown, never a read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidelight import targets
from sidelight.actions import DESTROYS, Draft, Touch
from sidelight.effects import Call, Effects, subjects
from sidelight.facts import Facts
from sidelight.records import Any

NOTHING = Effects()
READ = Effects(reads=True)
UNREAD = Effects(unknown=True)
LONGEST_PATH = 4096

#: Tools that only look, or only concern the conversation.
READS = frozenset(
    (
        "agent ask_followup_question ask_user askuserquestion attempt_completion bash_output bashoutput"
        " codebase_search codesearch enterplanmode exit_plan_mode exitplanmode fetch fetch_rules file_search"
        " get_diagnostics get_errors get_goal glob google_web_search grep grep_search list"
        " list_code_definition_names list_dir list_directory list_files list_mcp_resources listmcpresourcestool ls"
        " lsp notebookread plan read read_bash read_file read_files read_image read_lints read_many_files"
        " read_mcp_resource readfile readmcpresourcetool report_intent search search_file_content search_files"
        " semantic_search skill slashcommand task taskcreate taskget tasklist taskoutput taskupdate test_search"
        " think todo todo_write todoread todowrite toolsearch update_plan update_todo view view_image view_file"
        " web_fetch web_search webfetch websearch write_todos"
    ).split()
)
#: Tools that change one file in place, write it whole, or delete it.
EDITS = frozenset(
    "edit editfile edit_file editor.save edit_notebook insert_edit_into_file insert_line multiedit multi_edit"
    " notebookedit notebook_edit patch_file replace replace_in_file replace_string_in_file search_replace"
    " str_replace strreplace update"
    " update_file apply_diff save_file".split()
)
WRITES = frozenset("create create_file new_file write write_file write_to_file writefile overwrite_file".split())
DELETES = frozenset("delete delete_file deletefile remove_file".split())
SHELLS = frozenset(
    (
        "bash bash_tool container.exec exec exec_command execute execute_bash execute_command local_shell"
        " run_bash run_command run_in_terminal run_shell_command run_terminal_cmd run_terminal_command shell"
        " shell.exec shell_command shell_exec sh terminal unified_exec zsh"
    ).split()
)
POWERSHELLS = frozenset(("powershell", "pwsh"))
PATCHES = frozenset(("apply_patch", "applypatch", "patch"))
EDITORS = frozenset(("str_replace_editor", "str_replace_based_edit_tool", "text_editor", "memory"))
UNDOES = frozenset(("session.undo", "undo", "rewind", "checkpoint.restore"))
#: They end or feed something of the session's own.
OWN = frozenset("killshell kill_shell killbash stop_bash taskstop write_bash write_stdin sendmessage".split())

_PATHS = (
    *("file_path", "filePath", "path", "target_file", "targetFile", "notebook_path", "notebookPath", "filename"),
    *("file_name", "absolute_path", "absolutePath", "file", "uri", "relative_path", "relativePath"),
)
_DIRECTORIES = (*("workdir", "working_directory", "workingDirectory", "working_dir", "cwd", "dir_path", "directory"),)
_LINES = ("command", "cmd", "script", "commandLine", "command_line", "code", "input")
_BACKGROUND = ("run_in_background", "is_background", "isBackground", "background", "detach")


def read(call: Call, facts: Facts) -> Effects:
    """What one tool call does."""
    given: Any = call.input
    if not isinstance(given, Mapping):
        given = {}
    name = bare_name(call.tool)
    if name == "http":
        return _http(given, facts)
    if name in READS:
        return READ
    if name in OWN:
        return NOTHING
    for names, reader in _READERS:
        if name in names:
            return reader(given, facts, call)
    return UNREAD


def bare_name(tool: object) -> str:
    """A tool's name without its server, in lower case.

    >>> bare_name("mcp__files__write_file"), bare_name("functions.shell"), bare_name("MultiEdit")
    ('write_file', 'shell', 'multiedit')
    """
    return str(tool).rpartition("__")[2].removeprefix("functions.").casefold()


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def paths_in(given: Mapping[str, Any]) -> list[str]:
    """The files that a tool's input names, its list of edits included."""
    found = [_text(given, *_PATHS)]
    for listed in (given.get("edits"), given.get("files")):
        if isinstance(listed, list):
            found.extend(_text(item, *_PATHS) if isinstance(item, Mapping) else item for item in listed[:400])
    plain = [path.removeprefix("file://") for path in found if isinstance(path, str)]
    return list(dict.fromkeys(path for path in plain if path and len(path) <= LONGEST_PATH and "\0" not in path))


def _text(given: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := given.get(name), str) and value), None)


_Reader = Callable[[Mapping[str, Any], Facts, Call], Effects]


def _files(given: Mapping[str, Any], facts: Facts, call: Call) -> Effects:
    from sidelight.effects import touching

    name = bare_name(call.tool)
    make = touching.edited if name in EDITS else touching.written if name in WRITES else touching.deleted
    return _each_file(make, given, facts)


def _each_file(make: Callable[[str, Facts], tuple[Draft, ...]], given: Mapping[str, Any], facts: Facts) -> Effects:
    found = paths_in(given)
    drafts = [draft for path in found for draft in make(path, facts)]
    return Effects(tuple(drafts), unknown=not found)


def _editor(given: Mapping[str, Any], facts: Facts, _call: Call) -> Effects:
    """Anthropic's editor tool: what it does is in `command`."""
    from sidelight.effects import touching

    verb = given.get("command")
    if verb == "view":
        return READ
    make = {"create": touching.written, "delete": touching.deleted}.get(str(verb), touching.edited)
    return _each_file(make, given, facts)


def _patch(given: Mapping[str, Any], facts: Facts, _call: Call) -> Effects:
    from sidelight.effects import patches

    text = _text(given, "patch", "input", "patchText", "patch_text", "command", "diff", "content")
    return patches.patched(text, facts) if text else UNREAD


def _undo(given: Mapping[str, Any], facts: Facts, _call: Call) -> Effects:
    """A snapshot is restored: the whole tree goes back, whoever changed it since."""
    if given.get("scope") in ("conversation", "chat", "messages"):
        return NOTHING
    directory = _text(given, *_DIRECTORIES) or "."
    place = facts.at(directory)
    root = place.worktree or place.cwd
    touch = Touch(targets.tree(facts.machine, root), DESTROYS)
    return Effects((Draft("tree-undo", target=root, touches=(touch,), summary="undo to a snapshot"),))


# ── shells ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shell(given: Mapping[str, Any], facts: Facts, call: Call) -> Effects:
    from sidelight.effects import shell

    line = _line(given)
    if line is None:
        return UNREAD
    directory = _text(given, *_DIRECTORIES)
    place = facts.at(directory) if directory else facts
    if isinstance(line, list):
        found, followed = shell.argv_commands(line, place)
    elif bare_name(call.tool) in POWERSHELLS:
        found, followed = shell.powershell_commands(line, place)
    else:
        found, followed = shell.commands(line, place)
    goes_on = (
        bool(call.background) or any(given.get(key) is True for key in _BACKGROUND) or given.get("mode") == "async"
    )
    return subjects.together(found, place, followed=followed, background=goes_on)


def _line(given: Mapping[str, Any]) -> str | list[str] | None:
    """The command line of a shell tool: a text, or a list of words."""
    inner = given.get("action")
    where = inner if isinstance(inner, Mapping) else given
    for key in _LINES:
        value = where.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            return value if len(value) > 1 else value[0]
    return None


def _http(given: Mapping[str, Any], facts: Facts) -> Effects:
    from sidelight.effects import http

    method, path = given.get("method"), given.get("path") or given.get("url")
    if not isinstance(method, str) or not isinstance(path, str):
        return UNREAD
    return http.request(method, path, given.get("body"), facts)


_READERS: tuple[tuple[frozenset[str], _Reader], ...] = (
    (SHELLS | POWERSHELLS, _shell),
    (EDITS | WRITES | DELETES, _files),
    (PATCHES, _patch),
    (EDITORS, _editor),
    (UNDOES, _undo),
)
