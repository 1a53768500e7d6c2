"""What a short program text in another language runs or removes: `python -c`, `node -e`.

Only literal arguments are believed. What is found is spelled as the command that would do the same; a text in which
something may happen that was not understood stays unknown to the caller.
"""

from __future__ import annotations

import re

from sidelight.records import NamedTuple


class Done(NamedTuple):
    """`argv` of an equivalent command, or a `text` that a shell gets; `writes` and `appends` name files."""

    argv: tuple[str, ...] = ()
    text: str | None = None
    writes: str | None = None
    appends: str | None = None


LONGEST = 65536


def python(code: str) -> tuple[Done, ...]:
    """The literal file operations and processes of a Python text, in the order they are written."""
    import ast
    import warnings

    if len(code) > LONGEST:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `"\d"` in the text is its author's business
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    done: list[Done] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            done.extend(_python_call(_dotted(node.func), node))
    return tuple(done)


def _dotted(node: object) -> str:
    import ast

    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call) and node.args and _dotted(node.func).rpartition(".")[2] == "Path":
        return "Path()"
    return ""


#: Functions whose first argument, a path, is what the command in the table gets.
_PYTHON_PATHS = {
    "os.remove": ("rm",),
    "os.unlink": ("rm",),
    "os.rmdir": ("rmdir",),
    "os.removedirs": ("rmdir", "-p"),
    "shutil.rmtree": ("rm", "-rf"),
    "os.rename": ("mv",),
    "os.replace": ("mv",),
    "shutil.move": ("mv",),
    "shutil.copy": ("cp",),
    "shutil.copy2": ("cp",),
    "shutil.copyfile": ("cp",),
    "shutil.copytree": ("cp", "-r"),
}
_PYTHON_TEXTS = frozenset(("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"))
_PYTHON_RUNS = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))


def _python_call(name: str, node: object) -> list[Done]:
    import ast

    if not isinstance(node, ast.Call):
        return []
    texts = [_literal(arg) for arg in node.args]
    first = texts[0] if texts else None
    if name in _PYTHON_PATHS and texts and all(isinstance(text, str) for text in texts[:2]):
        wanted = 2 if _PYTHON_PATHS[name][0] in ("mv", "cp") else 1
        return [Done(argv=(*_PYTHON_PATHS[name], *(str(text) for text in texts[:wanted])))]
    if name in _PYTHON_TEXTS and isinstance(first, str):
        return [Done(text=first)]
    if name in _PYTHON_RUNS:
        return [Done(text=first)] if isinstance(first, str) else [Done(argv=first)] if first else []
    if name == "open" and isinstance(first, str):
        mode = next(
            (k.value.value for k in node.keywords if k.arg == "mode" and isinstance(k.value, ast.Constant)), None
        )
        return _opened(first, str(texts[1] if len(texts) > 1 else mode or "r"))
    if name.startswith("Path().") and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        return _path_method(name.removeprefix("Path()."), _literal(node.func.value.args[0]), first)
    return []


def _opened(path: str, mode: str) -> list[Done]:
    if "w" in mode or "x" in mode:
        return [Done(writes=path)]
    return [Done(appends=path)] if "a" in mode or "+" in mode else []


def _path_method(method: str, path: object, first: object) -> list[Done]:
    if not isinstance(path, str):
        return []
    if method in ("write_text", "write_bytes"):
        return [Done(writes=path)]
    if method in ("unlink", "rmdir"):
        return [Done(argv=("rm" if method == "unlink" else "rmdir", path))]
    if method in ("rename", "replace") and isinstance(first, str):
        return [Done(argv=("mv", path, first))]
    return _opened(path, first) if method == "open" and isinstance(first, str) else []


def _literal(node: object) -> str | tuple[str, ...] | None:
    """A string, or a list of strings; None if a part of it is computed."""
    import ast

    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        items = [_literal(item) for item in node.elts]
        if items and all(isinstance(item, str) for item in items):
            return tuple(str(item) for item in items)
    return None


_JS_STRING = r"""\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|`([^`\\$]*)`)"""
_JS_PATHS = {
    "rm": ("rm", "-rf"),
    "rmdir": ("rmdir",),
    "unlink": ("rm",),
    "rimraf": ("rm", "-rf"),
    "remove": ("rm", "-rf"),
    "emptyDir": ("rm", "-rf"),
}
_JS_CALL = re.compile(
    rf"(?<![\w$])(?:[\w$]+(?:\([^()\n]{{0,80}}\))?\s*\.\s*)*"
    rf"(rm|rmdir|unlink|rimraf|remove|emptyDir|writeFile|appendFile|exec|execSync)(?:Sync)?\s*\({_JS_STRING}"
)


def node(code: str) -> tuple[Done, ...]:
    """The literal `fs.rmSync('x')`, `writeFileSync('x', …)` and `execSync('…')` of a JavaScript text."""
    done: list[Done] = []
    for match in _JS_CALL.finditer(code[:LONGEST]):
        verb, value = match[1].removesuffix("Sync"), next(text for text in match.groups()[1:] if text is not None)
        if verb == "exec":
            done.append(Done(text=value))
        elif verb == "writeFile":
            done.append(Done(writes=value))
        elif verb == "appendFile":
            done.append(Done(appends=value))
        else:
            done.append(Done(argv=(*_JS_PATHS[verb], value)))
    return tuple(done)
