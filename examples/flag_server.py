"""A feature flag server that knows nothing of Sidelight, but for the middleware in its last lines.

    pip install 'sidelight[server]'
    uvicorn --factory examples.flag_server:make_app

    curl -X PUT localhost:8000/flags/redrive -H 'X-Sidelight-Session: mine' -d '{"enabled": false}'

What is flipped is in the ledger of the home (`SIDELIGHT_HOME`, else yours), beside what your agent sessions do; and
whoever flips what another session has announced work on, or has flipped the other way, reads it in the answer.
"""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sidelight import Ledger
from sidelight.server.middleware import CoordinationMiddleware, Recorded

FLAGS: dict[str, bool] = {"redrive": True}


async def set_flag(request: Request) -> JSONResponse:
    name = request.path_params["name"]
    if name not in FLAGS:
        return JSONResponse({"error": f"there is no flag {name}"}, status_code=404)
    FLAGS[name] = bool((await request.json())["enabled"])
    return JSONResponse({"name": name, "enabled": FLAGS[name]})


async def list_flags(request: Request) -> JSONResponse:
    return JSONResponse(FLAGS)


async def deploy(request: Request) -> Response:
    return Response("deployed\n", media_type="text/plain")


def make_app(home: str | None = None) -> Starlette:
    return Starlette(
        routes=[
            Route("/flags", list_flags),
            Route("/flags/{name}", set_flag, methods=["PUT"]),
            Route("/deploy/{environment}", deploy, methods=["POST"]),
        ],
        middleware=[
            Middleware(
                CoordinationMiddleware,
                ledger=Ledger.open(home or os.environ.get("SIDELIGHT_HOME")),
                records=[
                    Recorded("PUT", "/flags/{name}", "config-flag", target="flags.{name}", value="enabled"),
                    Recorded("POST", "/deploy/{environment}", "deploy", target="{environment}"),
                ],
            )
        ],
    )
