"""The library's public names: few, typed, loaded when they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sidelight

#: What `import sidelight` must not load: it stands at the beginning of every hook process.
DEAR = ("asyncio", "dataclasses", "json", "msgspec", "re", "sqlite3", "starlette", "subprocess", "typing")


@pytest.mark.parametrize("name", sidelight.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(sidelight, name) is not None


def test_the_names_of_the_design_are_public():
    wanted = {"Ledger", "Receipt", "Concurrent", "Draft", "Action", "Touch", "Session", "StoreError", "__version__"}
    assert wanted <= set(sidelight.__all__)


def test_the_type_checkers_see_the_same_names_as_the_program():
    tree = ast.parse(Path(sidelight.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {
        (node.module, alias.name) for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == {(module, name) for module, names in sidelight._HOMES.items() for name in names}
    assert {name for _, name in imported} | {"__version__"} == set(sidelight.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Coordinator'"):
        getattr(sidelight, "Coordinator")  # noqa: B009 - a type checker would say the same


def test_importing_the_package_loads_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import sidelight; "
        f"print([name for name in {DEAR!r} if name in set(sys.modules) - before], "
        "[name for name in sys.modules if name.startswith('sidelight.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]


def test_asking_for_the_version_or_the_help_opens_no_database():
    for arguments in (["--version"], ["--help"], ["intent", "--help"]):
        code = (
            f"import sys; from sidelight.cli import main; code = main({arguments!r}); "
            "print([name for name in ('sqlite3', 'asyncio', 'rich', 'msgspec', 'starlette') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]", arguments
