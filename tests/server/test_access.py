"""Who may ask, and under which name: rows O17 and O18, and the bounds of design 10. A real `sidelight serve`."""

import http.client
import socket
import stat

import pytest

from sidelight.server.app import ROUTES
from tests.server.running import serving

CLOSED = [(route.method, route.path.replace("{id}", "CMT-1")) for route in ROUTES if not route.open]


@pytest.mark.parametrize(("method", "path"), [*CLOSED, ("GET", "/nowhere")])
def test_every_route_but_health_needs_the_token(shared, method, path):
    """O17: 401 without, 403 when wrong."""
    client = shared.client()
    for headers, status in (
        ({"Authorization": ""}, 401),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Authorization": f"Bearer {shared.token}x"}, 403),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == status, headers
        assert isinstance(answer.json()["error"], str)
        assert shared.token not in answer.text
    assert client.request(method, path, headers={"Authorization": ""}).headers["www-authenticate"] == "Bearer"


def test_health_needs_none(shared):
    """O17."""
    answer = shared.client().get("/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_token_is_made_at_the_first_start_and_kept_private(server):
    token = server.token
    assert len(token) >= 32
    assert stat.S_IMODE((server.home / "config.json").stat().st_mode) == 0o600
    server.stop()
    with serving(server.home) as again:
        assert again.token == token
        assert again.client().get("/capabilities").status_code == 200


def test_the_environments_token_counts_before_the_homes(home):
    home.mkdir()
    (home / "config.json").write_text('{"authToken": "of-the-home"}')
    with serving(home, SIDELIGHT_TOKEN="of-the-environment") as server:

        def status(token):
            return server.client().get("/config", headers={"Authorization": f"bearer {token}"}).status_code

        assert (status("of-the-environment"), status("of-the-home")) == (200, 403)
        assert server.config["authToken"] == "of-the-home"


def test_a_token_that_is_changed_in_the_settings_counts_at_once(server):
    client = server.client()
    (server.home / "config.json").write_text('{"authToken": "a-new-one"}')
    assert client.get("/config").status_code == 403
    assert server.client().get("/config").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example"])
def test_a_request_addressed_to_another_name_is_refused(shared, name):
    """DNS rebinding."""
    answer = shared.client().get("/health", headers={"Host": name})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]", "[::1]:80"])
def test_a_request_addressed_to_this_machine_is_answered(shared, name):
    assert shared.client().get("/health", headers={"Host": name}).status_code == 200


def test_a_body_over_a_mebibyte_is_413_and_the_next_request_is_answered(shared):
    """Design 10."""
    client = shared.client()
    answer = client.post("/coordination/intent", json={"activity": "x", "area": "y" * 11_000_000})
    assert answer.status_code == 413
    assert "error" in answer.json()
    chunks = (b"x" * 65_536 for _ in range(20))
    assert client.post("/coordination/intent", content=chunks).status_code == 413
    assert client.get("/coordination/recent").json()["count"] == 0


def test_another_method_is_405_and_says_which_there_are(shared):
    answer = shared.client().delete("/config")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH")
    assert shared.client().get("/coordination/intent").status_code == 405
    nowhere = shared.client().get("/config/")
    assert (nowhere.status_code, "error" in nowhere.json()) == (404, True)
    head = shared.client().head("/coordination/recent")
    assert (head.status_code, head.content) == (200, b"")


def test_what_the_server_can_do_is_read_off_its_routes(shared):
    """O18."""
    found = shared.client().get("/capabilities").json()
    ours = found["crossSessionCoordination"]
    assert (ours["configured"], ours["enabled"]) == (True, True)
    assert ours["description"]
    assert ours["endpoints"] == [f"{one.method} {one.path}" for one in ROUTES if one.path.startswith("/coordination/")]
    assert "POST /coordination/intent" in ours["endpoints"]
    assert found["config"]["endpoints"] == ["GET /config", "PATCH /config"]


def test_a_half_sent_request_and_one_that_is_no_http_harm_nobody(shared):
    where = (shared.url.rpartition(":")[0].removeprefix("http://"), int(shared.url.rpartition(":")[2]))
    for text in (b"NONSENSE\r\n\r\n", b"POST /config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"):
        with socket.create_connection(where, timeout=5) as raw:
            raw.sendall(text)
    plain = http.client.HTTPConnection(*where, timeout=5)
    plain.request("GET", "/health")
    assert plain.getresponse().status == 200
    plain.close()
