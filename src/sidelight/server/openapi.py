"""The OpenAPI document, written from the table of routes and the structs of `messages`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sidelight import __version__, config
from sidelight.ledger import ACTOR_MOST
from sidelight.server import messages
from sidelight.server.exchange import AGENT_HEADER, SESSION_HEADERS, Route

_SAYS = {
    201: "Done, and recorded.",
    400: "The request makes no sense; the sentence says what to change. Nothing was done.",
    401: "No token.",
    403: "The wrong token.",
    404: "There is no such thing, or it is resolved already.",
    413: "The body is too large.",
    429: "Too many wrong guesses; `Retry-After` says when to try again.",
    503: "The ledger or the settings cannot be used; the sentence names the remedy.",
}
_NAMES = {
    "x-sidelight-session": "the session that asks; also X-Instar-Session, X-Instar-Actor",
    AGENT_HEADER: "the sub-agent of it",
    "idempotency-key": "a repeated request with the same key is done once, and gets the first answer",
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The document for these routes."""
    types = {messages.Problem} | {one for route in routes for one in (route.gives, route.takes) if one is not None}
    ordered = sorted(types, key=lambda one: one.__name__)
    found, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(ordered, found, strict=True))
    _complete(components)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sidelight", "version": __version__, "description": "Sessions see each other in time."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _complete(components: dict[str, Any]) -> None:
    """What a struct cannot say."""
    components["Patch"] |= {
        "additionalProperties": False,
        "properties": {name: {"description": "any JSON"} for name in config.PATCHABLE} | {"monitoring": _monitoring()},
    }
    components["Credentials"]["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}} for name in ("token", "code")
    ]
    components["Check"]["anyOf"] = [
        *({"required": [name], "properties": {name: {"type": "string"}}} for name in ("command", "tool", "activity")),
        {"required": ["targets"], "properties": {"targets": {"minItems": 1}}},
    ]


def _monitoring() -> dict[str, Any]:
    """The coordinator's own settings are checked before they are written."""
    texts = {"type": ["array", "null"], "items": {"type": "string", "pattern": messages.INK}}
    ours = {
        "enabled": {"type": ["boolean", "null"]},
        "metrics": {"type": ["boolean", "null"]},
        **{
            name: {"type": ["integer", "null"], "minimum": bounds.least, "maximum": bounds.most}
            for name, bounds in config.RANGES.items()
        },
        "sensitiveConfigKeys": texts,
        "ignore": texts,
        "attention": _object(
            {"from": {"enum": [*config.ATTENTION_FROM, None]}, "mode": {"enum": [*config.ATTENTION_MODE, None]}}
        ),
        "mute": _object({"sessions": texts, "spaces": texts}),
    }
    return _object({config.SECTION.partition(".")[2]: _object(ours)})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": properties}


def _operation(route: Route, schemas: dict[type[msgspec.Struct], Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{_camel(route.path)}",
        "summary": route.says,
        "tags": [route.group],
        "parameters": _parameters(route),
        "responses": {str(route.status): _response(_says(route), schemas[route.gives], route)},
    }
    problems = {*route.also, *(() if route.open else (400, 401, 403)), 503}
    for status in sorted(problems):
        made["responses"][str(status)] = _response(_SAYS[status], schemas[messages.Problem])
    if route.takes is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[route.takes]}}}
    if route.open:
        made["security"] = []
    return made


def _says(route: Route) -> str:
    return _SAYS.get(route.status, "The answer.")


def _response(says: str, schema: Any, route: Route | None = None) -> dict[str, Any]:
    media = route.media if route is not None else ("application/json",)
    content = {kind: {"schema": schema if kind == "application/json" else {"type": "string"}} for kind in media}
    return {"description": says, "content": content}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in (part[1:-1] for part in route.path.split("/") if part.startswith("{"))
    ]
    found += [{"name": one.name, "in": "query", "schema": one.schema, "description": one.says} for one in route.asks]
    if not route.open:
        names = [SESSION_HEADERS[0], AGENT_HEADER] + (["idempotency-key"] if route.method != "GET" else [])
        found += [_header(name, required=route.needs_session and name == SESSION_HEADERS[0]) for name in names]
    return found


def _header(name: str, *, required: bool) -> dict[str, Any]:
    most = 200 if name == "idempotency-key" else ACTOR_MOST
    return {
        "name": "-".join(part.capitalize() for part in name.split("-")),
        "in": "header",
        "required": required,
        "schema": {"type": "string", "maxLength": most}
        | ({"minLength": 1, "pattern": messages.INK} if required else {}),
        "description": _NAMES[name],
    }


def _camel(path: str) -> str:
    return "".join(part.strip("{}").replace(".", " ").title().replace(" ", "") for part in path.split("/"))
