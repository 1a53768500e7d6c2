"""The reference pages, written from the code: the terminal's help, the HTTP routes, the MCP tools, the settings.

python docs/reference.py DIRECTORY      # what conf.py does at every build
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from sidelight import config
from sidelight.actions import KINDS
from sidelight.cli import COMMANDS, _parser
from sidelight.targets import SCHEMES


def write(pages: str, directory: str) -> None:
    """Write every part into a directory, from where the pages include them."""
    os.makedirs(directory, exist_ok=True)
    for name, lines in PARTS.items():
        _put(os.path.join(directory, f"{name}.md"), "\n".join(lines()))
    _put(os.path.join(directory, "more.md"), "\n".join(_more(pages)))


def _put(file: str, text: str) -> None:
    with open(file, "w", encoding="utf-8") as out:
        out.write(text + "\n")


# ── the terminal ──────────────────────────────────────────────────────────────────────────────────────────────────


def terminal() -> Iterator[str]:
    """`sidelight --help`, and the help of every command."""
    yield from ("```text", help_of(), "```", "")
    for name in COMMANDS:
        yield from (f"## sidelight {name}", "", "```text", help_of(name), "```", "")


def help_of(name: str | None = None) -> str:
    """What `--help` prints, at 100 columns."""
    before, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        parser, _ = _parser(list(COMMANDS))
        if name is not None:
            (commands,) = (one for one in parser._actions if one.dest == "name")
            parser = dict(commands.choices or {})[name]
        return parser.format_help().rstrip()
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before


# ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def http() -> Iterator[str]:
    """Every route: what it takes, what it answers."""
    from sidelight.server.app import ROUTES
    from sidelight.server.openapi import document

    found = document(ROUTES)
    schemas = found["components"]["schemas"]
    for path, operations in found["paths"].items():
        for method, one in operations.items():
            yield from (f"## {method.upper()} {path}", "", one["summary"], "")
            yield from _parameters(one)
            if "requestBody" in one:
                yield from (
                    "It takes:",
                    "",
                    *_shape(one["requestBody"]["content"]["application/json"]["schema"], schemas),
                )
            yield from ("It answers:", "")
            for status, answer in one["responses"].items():
                kinds = answer["content"]
                yield f"- `{status}`: {answer['description']}"
                if int(status) < 300 and "application/json" in kinds:
                    yield from ("", *_shape(kinds["application/json"]["schema"], schemas))
            yield ""


def _parameters(one: dict[str, Any]) -> Iterator[str]:
    rows = [row for row in one["parameters"] if row["in"] != "header"]
    if rows:
        yield from ("| parameter | | |", "|---|---|---|")
        for row in rows:
            about = "; ".join(part for part in (_kind(row["schema"]), row.get("description")) if part)
            yield f"| `{row['name']}` | {row['in']} | {about} |"
        yield ""


def _shape(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """The fields of an object, as a table."""
    schema = _resolved(schema, schemas)
    fields = schema.get("properties", {})
    if not fields:
        yield from ("An object.", "")
        return
    yield from ("| field | | |", "|---|---|---|")
    for name, one in fields.items():
        needed = "needed" if name in schema.get("required", ()) and "default" not in one else ""
        yield f"| `{name}` | {_kind(one)} | {needed} |"
    yield ""


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema


def _kind(schema: dict[str, Any]) -> str:
    """What a field is, in a few words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(one)}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = schema.get("type", "any JSON")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    return text + (
        f" ({least if least is not None else ''}…{most if most is not None else ''})" if least or most else ""
    )


# ── MCP ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def mcp() -> Iterator[str]:
    """The five tools, as a client is told of them."""
    from sidelight.mcp_server import listing

    for tool in listing():
        yield from (f"## {tool.name}", "", tool.description or "", "")
        for what, schema in (("takes", tool.input_schema), ("gives", tool.output_schema or {})):
            yield from (f"| {what} | | |", "|---|---|---|")
            for name, one in schema["properties"].items():
                yield f"| `{name}` | {_kind(one)} | {'needed' if name in schema.get('required', ()) else ''} |"
            yield ""


# ── settings, kinds, targets ──────────────────────────────────────────────────────────────────────────────────────


#: What each setting is for.
SETTINGS = {
    "enabled": "`false`: nothing is recorded and nobody is warned; what is there can still be read",
    "windowMs": "how long merely being there counts, in milliseconds",
    "retentionMs": "how far back `sidelight recent` and `GET /coordination/recent` look, in milliseconds",
    "sensitiveConfigKeys": "settings whose change is listed as a `config-flag`; a change of others is a footprint",
    "maxActions": "how many actions `recent` shows at most",
    "historyMs": "how long the ledger keeps anything, in milliseconds",
    "maxBytes": "how large the ledger gets at most",
    "ignore": "files whose changes are not recorded: a whole path, or a pattern such as `*.lock`, `dist/**`",
    "watch": "files that are looked at after each call wherever they lie ([more](../observing.md))",
    "metrics": "`true`: a served home answers [`GET /metrics`](../dashboard.md#numbers-for-prometheus)",
    "attention.from": "from which [severity](../how.md#severity) on Sidelight speaks",
    "attention.mode": "whether it tells, has a person asked, or pauses once ([more](../hooks.md#never-in-the-way))",
    "mute.sessions": "sessions that are not warned; `sidelight mute` writes it",
    "mute.spaces": "repositories and homes in which nobody is warned; `sidelight mute --repo` writes it",
}


def settings() -> Iterator[str]:
    """Every setting with its default, what it may be and what it is for."""
    section: Any = config.DEFAULTS
    for part in config.SECTION.split("."):
        section = section[part]
    yield from ("| key | default | may be | what it does |", "|---|---|---|---|")
    for name, default in _leaves(section):
        yield f"| `{name}` | `{json.dumps(default)}` | {_allowed(name, default)} | {SETTINGS[name]} |"


def _leaves(section: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in section.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{above}{name}.")
        else:
            yield above + name, one


def _allowed(name: str, default: Any) -> str:
    if name in config.RANGES:
        return str(config.RANGES[name])
    if name.endswith(".from"):
        return ", ".join(f"`{one}`" for one in config.ATTENTION_FROM)
    if name.endswith(".mode"):
        return ", ".join(f"`{one}`" for one in config.ATTENTION_MODE)
    return "true or false" if isinstance(default, bool) else "a list of texts"


def kinds() -> Iterator[str]:
    """What can be done, one row a kind."""
    yield from ("| kind | reads as | effect | listed |", "|---|---|---|---|")
    for name, one in sorted(KINDS.items()):
        yield f"| `{name}` | {one.past} … | {one.effect} | {'yes' if one.listed else ''} |"


def targets() -> Iterator[str]:
    """What can be acted on, one row a scheme."""
    yield from ("| scheme | reads as |", "|---|---|")
    for name, one in sorted(SCHEMES.items()):
        yield f"| `{name}:` | {one.says or name} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "terminal": terminal,
    "http": http,
    "mcp": mcp,
    "settings": settings,
    "kinds": kinds,
    "targets": targets,
}


# ── pages that the index does not place ───────────────────────────────────────────────────────────────────────────


def _more(pages: str) -> Iterator[str]:
    """A table of contents of the pages that no other one names, so that none is lost."""
    names = {
        os.path.relpath(os.path.join(above, file), pages).removesuffix(".md").replace(os.sep, "/")
        for above, _, files in os.walk(pages)
        for file in files
        if file.endswith(".md")
    }
    placed = {"index"}
    for name in names:
        with open(os.path.join(pages, f"{name}.md"), encoding="utf-8") as file:
            for block in re.findall(r"```\{toctree\}\n(.*?)```", file.read(), re.DOTALL):
                entries = [line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")]
                folder = os.path.dirname(name)
                placed |= {os.path.normpath(os.path.join(folder, one)).replace(os.sep, "/") for one in entries}
    rest = sorted(names - placed)
    if rest:
        yield from ("```{toctree}", ":caption: Further", "", *rest, "```")


if __name__ == "__main__":
    write(os.path.dirname(os.path.abspath(__file__)), sys.argv[1])
