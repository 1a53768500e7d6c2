"""The shell's grammar: tree-sitter with tree-sitter-bash, without what their packages load beside it.

Their `__init__` modules want `typing` and `importlib.resources`, which take a hook process longer than parsing does. So
the compiled modules are loaded by themselves; where that is not possible, as usual.
"""

from __future__ import annotations

import sys
from _frozen_importlib_external import PathFinder  # `importlib.machinery` brings a package along

from sidelight.records import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Parser


def parser() -> Parser:
    """A parser for bash. Raises `ImportError` if the libraries are not there."""
    core, bash = _compiled("tree_sitter"), _compiled("tree_sitter_bash")
    found: Parser = core.Parser(core.Language(bash.language()))
    return found


def _compiled(package: str) -> Any:
    """The compiled module of a package: under its own name, so that a later import of the package finds it."""
    name = f"{package}._binding"
    if name in sys.modules:
        return sys.modules[name]
    above = PathFinder.find_spec(package)
    spec = PathFinder.find_spec(name, above.submodule_search_locations) if above is not None else None
    if spec is None or spec.loader is None:
        from importlib import import_module

        return import_module(package)
    module = spec.loader.create_module(spec)
    if module is None:
        raise ImportError(f"{name} is no compiled module")
    spec.loader.exec_module(module)
    sys.modules[name] = module
    return module
