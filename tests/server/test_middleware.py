"""The middleware for other people's servers, and the worked example, over a real socket."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sidelight import Draft, Ledger
from sidelight.server.middleware import CoordinationMiddleware, Recorded

ROOT = Path(__file__).parents[2]


def test_the_example_warns_whoever_flips_what_another_session_announced(tmp_path):
    """Issue 3, point 5: the example runs as it is, under uvicorn."""
    home = tmp_path / "agent"
    with Ledger.open(str(home)) as ledger:
        ledger.announce("keep the redrive running", actor="alpha", targets=["config:flags.redrive"])
    code = "import sys, uvicorn; from examples.flag_server import make_app; uvicorn.run(make_app(sys.argv[1]), port=0)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stderr is not None
        url = next(line for line in process.stderr if "running on" in line).split("running on ")[1].split()[0]
        with httpx.Client(base_url=url, headers={"X-Sidelight-Session": "beta"}) as client:
            flip = client.put("/flags/redrive", json={"enabled": False})
            assert flip.json()["enabled"] is False
            assert flip.json()["coordinationWarning"].startswith("⚠ Cross-session:")
            assert "keep the redrive running" in flip.headers["coordination-warning"]
            assert client.get("/flags").json() == {"redrive": False}
    finally:
        process.terminate()
        process.communicate(timeout=10)
    with Ledger.open(str(home)) as ledger:
        assert [(one.kind, one.actor) for one in ledger.recent()] == [("config-flag", "beta"), ("intent", "alpha")]
        assert [one.action.actor for one in ledger.notices("alpha")] == ["beta"]


async def echo(request):
    body = await request.body()
    return JSONResponse({"got": len(body), "name": request.path_params.get("name")})


async def listed(request):
    return JSONResponse([1, 2])


async def text(request):
    await request.body()
    return PlainTextResponse("done")


async def parts(request):
    async def slowly():
        for number in range(3):
            yield f'{{"part": {number}}}'.encode() if not number else b" "

    return StreamingResponse(slowly(), media_type="application/json")


async def refuses(request):
    return JSONResponse({"error": "no"}, status_code=409)


async def breaks(request):
    raise RuntimeError("the application's own fault")


ALL = ("POST", "PUT", "GET")
ROUTES = [
    Route("/{what:path}/echo/{name}", echo, methods=list(ALL)),
    Route("/list", listed, methods=list(ALL)),
    Route("/text", text, methods=list(ALL)),
    Route("/parts", parts, methods=list(ALL)),
    Route("/refuses", refuses, methods=list(ALL)),
    Route("/breaks", breaks, methods=list(ALL)),
]


def one_flag(path):
    return Recorded("POST", path, "config-flag", target="flags.one")


RECORDS = [
    Recorded("POST", "/{what:path}/echo/{name}", "config-flag", target="flags.{name}", value="enabled", reason="why"),
    *(one_flag(path) for path in ("/list", "/text", "/parts", "/refuses", "/breaks")),
    Recorded("PUT", "/text", draft=lambda names, body: Draft("other", target="made", reason=str(body))),
]


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(str(tmp_path / "agent")) as opened:
        opened.announce("keep flag one", actor="alpha", targets=["config:flags.one"])
        yield opened


@pytest.fixture
def client(ledger):
    middleware = [Middleware(CoordinationMiddleware, ledger=ledger, records=RECORDS)]
    app = Starlette(routes=ROUTES, middleware=middleware)
    with TestClient(app, headers={"X-Sidelight-Session": "beta"}, raise_server_exceptions=False) as opened:
        yield opened


def recorded(ledger):
    return [one for one in ledger.recent() if one.kind != "intent"]


def test_a_declared_route_records_itself_with_what_its_request_said(client, ledger):
    answer = client.post("/a/b/echo/one", json={"enabled": False, "why": "too loud", "password": "x"})
    assert answer.json()["got"] > 10, "the application read its body"
    made = recorded(ledger)[0]
    assert (made.kind, made.target, made.value, made.reason) == ("config-flag", "flags.one", False, "too loud")
    assert made.actor == "beta"
    assert answer.json()["coordinationWarning"].startswith("⚠ Cross-session:")
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(("path", "same"), [("/list", "[1,2]"), ("/text", "done")])
def test_a_body_that_is_no_json_object_stays_and_the_header_says_it(client, path, same):
    answer = client.post(path)
    assert answer.text == same
    assert answer.headers["coordination-warning"].startswith("Cross-session:")
    assert answer.headers["coordination-warning"].isascii()


def test_a_json_object_sent_in_parts_is_one_answer(client):
    assert client.post("/parts").json()["part"] == 0
    assert "coordinationWarning" in client.post("/parts").json()


@pytest.mark.parametrize(("path", "status"), [("/refuses", 409), ("/breaks", 500), ("/nowhere", 404)])
def test_what_did_not_succeed_is_not_recorded(client, ledger, path, status):
    assert client.post(path).status_code == status
    assert recorded(ledger) == []


def test_other_routes_and_methods_pass_untouched(client, ledger):
    answer = client.get("/text")
    assert (answer.text, "coordination-warning" in answer.headers) == ("done", False)
    assert recorded(ledger) == []


def test_a_route_may_make_its_own_draft(client, ledger):
    client.put("/text", json=[1])
    assert (recorded(ledger)[0].target, recorded(ledger)[0].reason) == ("made", "[1]")


def test_without_anything_to_say_the_answer_is_as_it_was(client):
    answer = client.post("/x/echo/other", json={"enabled": True}, headers={"X-Sidelight-Session": "alpha"})
    assert "coordinationWarning" not in answer.json()
    assert "coordination-warning" not in answer.headers


def test_a_ledger_that_fails_costs_the_application_nothing(client, ledger, caplog):
    """O7."""
    (Path(ledger.home) / "config.json").write_text("{")
    answer = client.post("/a/echo/one", json={"enabled": False})
    assert (answer.status_code, "coordinationWarning" in answer.json()) == (200, False)
    assert "not recorded" in caplog.text


def test_a_ledger_that_others_hold_for_a_moment_is_waited_for_elsewhere(client, ledger):
    holder = sqlite3.connect(Path(ledger.home) / "ledger.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: holder.execute("COMMIT"))
    release.start()
    began = time.monotonic()
    assert "coordinationWarning" in client.post("/parts").json()
    assert time.monotonic() - began > 0.05
    release.join()
    holder.close()
    assert len(recorded(ledger)) == 1


def test_a_kind_that_is_unknown_is_said_when_the_application_starts(ledger):
    with pytest.raises(ValueError, match="unknown kind"):
        CoordinationMiddleware(Starlette(), ledger=ledger, records=[Recorded("GET", "/", "nonsense")])


def test_an_answer_that_has_such_a_field_keeps_its_own(ledger):
    async def own(request):
        return JSONResponse({"coordinationWarning": "mine"})

    app = Starlette(routes=[Route("/own", own, methods=["POST"])])
    with TestClient(CoordinationMiddleware(app, ledger=ledger, records=[one_flag("/own")])) as client:
        answer = client.post("/own")
    assert json.loads(answer.content) == {"coordinationWarning": "mine"}
    assert "coordination-warning" in answer.headers
