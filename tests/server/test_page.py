"""The page's routes: what is served without a token, signing in and out, and the view. A real `sidelight serve`."""

import re
from pathlib import Path

import pytest

from sidelight.home import settings
from sidelight.ledger import Ledger
from sidelight.server import page
from sidelight.server.auth import Keys
from sidelight.server.signin import CODE_MS, FAILURES_A_MINUTE, GOOD_FOR_S, SignIn, Visit, make_code, redeem
from sidelight.stores import Clock, open_store
from tests.server.running import serving

DASHBOARD = Path(page.__file__).parent / "dashboard"


def anonymous(server):
    client = server.client()
    del client.headers["Authorization"]
    return client


def signed_in(server):
    client = anonymous(server)
    assert client.post("/session", json={"token": server.token}).status_code == 200
    return client


# ── what anybody may load ──


def test_the_page_and_its_files_need_no_token_and_hold_no_secret(shared):
    client = anonymous(shared)
    index = client.get("/")
    assert index.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', index.text)
    assert "/assets/main.js" in loaded
    for name in loaded:
        assert client.get(name).status_code == 200, name
    for file in DASHBOARD.iterdir():
        text = file.read_text()
        assert shared.token not in text
        for url in re.findall(r"https?://[^\s\"'`)]+", text):
            assert url == "http://www.w3.org/2000/svg", f"{file.name} loads nothing from elsewhere"


def test_an_id_of_the_page_is_there_once(shared):
    ids = re.findall(r'\bid="([^"]+)"', anonymous(shared).get("/").text)
    assert len(ids) == len(set(ids)) > 50


def test_every_module_that_a_script_imports_is_there(shared):
    client = anonymous(shared)
    for file in DASHBOARD.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', file.read_text()):
            assert client.get(f"/assets/{name}").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/assets/main.js", "/assets/style.css"])
def test_a_strict_policy_is_sent_with_it(shared, path):
    headers = anonymous(shared).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "..%2fpage.py", "%2e%2e/page.py", ".hidden"])
def test_only_the_files_of_the_page_are_served(shared, name):
    assert anonymous(shared).get(f"/assets/{name}").status_code in (401, 404)


def test_a_file_that_has_not_changed_is_not_sent_again(shared):
    client = anonymous(shared)
    tag = client.get("/assets/main.js").headers["etag"]
    assert client.get("/assets/main.js", headers={"If-None-Match": tag}).status_code == 304


# ── signing in ──


def test_the_token_is_typed_once_and_a_cookie_reads_from_then_on(shared):
    client = signed_in(shared)
    for path in ("/coordination/view", "/coordination/recent", "/capabilities"):
        assert client.get(path).status_code == 200
    with client.stream("GET", "/coordination/stream") as answer:
        assert answer.status_code == 200


def test_the_cookie_is_for_the_browser_alone_and_holds_no_token(shared):
    answer = anonymous(shared).post("/session", json={"token": shared.token})
    cookie = answer.headers["set-cookie"]
    assert shared.token not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_the_cookie_writes_nothing(shared):
    client = signed_in(shared)
    assert client.post("/coordination/intent", json={"activity": "x"}).status_code == 401
    assert client.patch("/config", json={"jobs": {}}).status_code == 401
    assert client.get("/coordination/recent").json()["count"] == 0


def test_another_site_or_port_cannot_use_the_cookie(shared):
    client = signed_in(shared)
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert client.get("/coordination/view", headers=headers).status_code == 401, headers
        assert client.post("/session", json={"token": shared.token}, headers=headers).status_code == 403, headers
    assert client.get("/coordination/view", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert client.get("/coordination/view", headers={"Origin": shared.url}).status_code == 200


def test_a_wrong_token_beside_a_good_cookie_is_still_wrong(shared):
    client = signed_in(shared)
    assert client.get("/coordination/view", headers={"Authorization": "Bearer wrong"}).status_code == 403


def test_a_form_of_another_page_cannot_sign_in(shared):
    client = anonymous(shared)
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/session", content=b'{"token": "x"}', headers={"Content-Type": kind})
        assert answer.status_code == 400, kind


def test_signing_out_takes_the_cookie_away(shared):
    client = signed_in(shared)
    assert client.delete("/session").json()["signedIn"] is False
    assert client.get("/coordination/view").status_code == 401


def test_a_one_time_code_lets_one_browser_in_once(server):
    with Ledger.open(str(server.home)) as ledger:
        code = make_code(ledger.store)
    first, second = anonymous(server), anonymous(server)
    assert first.post("/session", json={"code": code.lower().replace("-", " ")}).status_code == 200
    assert second.post("/session", json={"code": code}).status_code == 403
    assert first.get("/coordination/view").status_code == 200
    assert code not in (server.home / "ledger.db").read_bytes().decode("latin-1")


def test_who_guesses_is_made_to_wait_and_nobody_learns_the_token(server):
    client = anonymous(server)
    answers = [client.post("/session", json={"token": f"guess {number}"}) for number in range(FAILURES_A_MINUTE + 1)]
    assert [one.status_code for one in answers] == [403] * FAILURES_A_MINUTE + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61
    assert client.post("/session", json={"token": server.token}).status_code == 429
    assert server.client().get("/coordination/view").status_code == 200, "whoever has the token goes on"


def test_a_server_that_starts_again_signs_nobody_out_and_a_new_token_everybody(server):
    cookies = signed_in(server).cookies
    name, value = next(iter(cookies.items()))
    server.stop()
    port = server.url.rpartition(":")[2]
    with serving(server.home, "--port", port) as again:
        client = anonymous(again)
        client.cookies.set(name, value)
        assert client.get("/coordination/view").status_code == 200
        settings._edit(str(server.home), lambda raw: raw.update(authToken="a new one"))
        assert client.get("/coordination/view").status_code == 401


@pytest.fixture
def door(home):
    now = [1_000_000.0]
    home.mkdir()
    return SignIn(Keys(str(home), {"SIDELIGHT_TOKEN": "the token"}), clock=lambda: now[0]), now


def test_a_cookie_is_good_for_twelve_hours(door):
    signin, now = door
    cookie = signin.cookie(Visit("localhost:80"), secure=True)
    assert "Secure" in cookie
    visit = Visit("localhost:80", cookie=cookie.partition(";")[0])
    assert signin.holds(visit)
    now[0] += GOOD_FOR_S - 1
    assert signin.holds(visit)
    now[0] += 1
    assert not signin.holds(visit)


@pytest.mark.parametrize("value", ["", ".", "..", "9999999999.x.y", "9999999999.", "x.y.z", "é.é.é", '"', "a b"])
def test_a_made_up_cookie_is_worth_nothing(door, value):
    signin, _ = door
    assert not signin.holds(Visit("localhost:80", cookie=f"sidelight-80={value}"))


def test_a_code_is_good_for_five_minutes(tmp_path):
    now = [1_700_000_000_000]
    store = open_store(str(tmp_path / "l.db"), clock=Clock(lambda: now[0], lambda: now[0], lambda: "b"))
    try:
        late, in_time = make_code(store), make_code(store)
        now[0] += CODE_MS
        assert redeem(store, in_time)
        now[0] += 2
        assert not redeem(store, late)
        for nonsense in ("", "x", "23456-78901", late + "2"):
            assert not redeem(store, nonsense)
    finally:
        store.dispose()


# ── the view ──


def test_the_view_is_of_a_window_and_behind_a_place(server):
    for name in ("alpha", "beta"):
        server.client(session=name).post("/coordination/intent", json={"activity": "the same thing", "area": "tunnel"})
    client = server.client()
    whole = client.get("/coordination/view").json()
    assert [one["lane"] for one in whole["marks"]] == [
        [lane["actor"] for lane in whole["lanes"]].index(name) for name in ("alpha", "beta")
    ]
    (met,) = whole["meetings"]
    assert (met["severity"], met["later"]["actor"], met["earlier"]["announced"]) == (
        "overlap",
        "beta",
        "the same thing",
    )
    assert len(whole["strip"]) == 96
    later = client.get("/coordination/view", params={"after": whole["marks"][0]["seq"]}).json()
    assert [one["seq"] for one in later["marks"]] == [whole["seq"]]
    before = client.get("/coordination/view", params={"until": whole["marks"][0]["ts"] - 1}).json()
    assert before["marks"] == before["meetings"] == []


@pytest.mark.parametrize("name", ["windowMs", "until", "after"])
@pytest.mark.parametrize("value", ["", "abc", "1.5", "-1", "1e9", "NaN", "٣", "9" * 30, " 1"])
def test_a_parameter_that_is_no_whole_number_is_refused(shared, name, value):
    answer = shared.client().get("/coordination/view", params={name: value})
    assert answer.status_code == 400
    assert name in answer.json()["error"]


@pytest.mark.parametrize("query", ["windowMs=0", "windowMs=86400001", "until=0", "window=5"])
def test_a_parameter_out_of_bounds_is_refused(shared, query):
    assert shared.client().get(f"/coordination/view?{query}").status_code == 400
