"""A secret that is patched is in `config.json` and nowhere else: no file, no response, no log."""

from typing import Any

import pytest

from tests.server.running import files_with, serving

SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "tunnel.token": ({"tunnel": {"token": "hunter2-tunnel-secret"}}, "hunter2-tunnel-secret"),
    "a _KEY": ({"monitoring": {"STRIPE_API_KEY": "sk_live_4eC39HqLyjWDarjtT1"}}, "sk_live_4eC39HqLyjWDarjtT1"),
    "a bearer string": ({"updates": {"header": "Authorization: Bearer abc123SECRETdef456"}}, "abc123SECRETdef456"),
    "a URL with a password": ({"updates": {"feed": "https://bot:pa55w0rd-x@example.test/f"}}, "pa55w0rd-x"),
    "below a secret section": ({"tunnel": {"credentials": {"aws": {"id": "AKIAX7nested"}}}}, "AKIAX7nested"),
    "in a list": ({"tunnel": {"passwords": ["listed-pass-9", "b"]}}, "listed-pass-9"),
    "a key that is not sensitive": ({"jobs": {"apiToken": "quiet-secret-77"}}, "quiet-secret-77"),
}


@pytest.mark.parametrize("which", SECRETS)
def test_a_secret_in_a_patched_value_is_in_the_settings_and_nowhere_else(home, which):
    patch, secret = SECRETS[which]
    with serving(home) as server:
        alpha, beta = server.client(session="alpha"), server.client(session="beta")
        answers = [
            alpha.patch("/config", json=patch),
            beta.patch("/config", json=patch | {"monitoring": {"other": 1}}),
            beta.patch("/config", json={key: {"gone": True} for key in patch}),
            beta.post("/coordination/check", json={"command": f"curl -H 'Authorization: Bearer {secret}' -X POST x"}),
            beta.get("/config"),
            beta.get("/coordination/recent?quiet=true"),
            beta.get("/coordination/sessions"),
            alpha.get("/coordination/notices"),
        ]
        assert {one.status_code for one in answers} == {200}
        assert secret in server.config_text
        assert files_with(secret, home.parent) == ["agent/config.json"]
        server.stop()
        assert [one.url for one in answers if secret in one.text] == []
        assert secret not in server.log
        assert files_with(secret, home.parent) == ["agent/config.json"]


def test_a_secret_in_an_announcement_a_reason_or_a_commitment_is_masked(server):
    secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    client = server.client(session="alpha")
    client.post("/coordination/intent", json={"activity": f"use {secret} for the release"})
    client.post("/commitments", json={"type": "behavioral", "userRequest": f"keep {secret}", "note": secret})
    client.post("/commitments/CMT-1/withdraw", json={"reason": f"{secret} is revoked"})
    client.get(f"/commitments/{secret}")
    answers = [client.get(path).text for path in ("/coordination/recent", "/commitments", "/coordination/sessions")]
    server.stop()
    assert secret not in "".join(answers) + server.log
    assert files_with(secret, server.home.parent) == []


def test_the_token_is_in_the_settings_and_nowhere_else(server):
    token = server.token
    client = server.client()
    said = [client.get("/config").text, client.get("/capabilities").text, client.get("/openapi.json").text]
    client.get(f"/nowhere/{token}")
    said.append(client.get(f"/coordination/recent?token={token}").text)
    server.stop()
    assert token not in "".join(said) + server.log
    assert files_with(token, server.home.parent) == ["agent/config.json"]


def test_the_log_has_a_line_for_each_request_and_no_body(server):
    server.client().post("/coordination/intent", json={"activity": "a-word-nobody-logs"})
    server.client().get("/health")
    server.stop()
    lines = server.log.splitlines()
    assert [one.split()[1:4] for one in lines if "/coordination" in one] == [["POST", "/coordination/intent", "201"]]
    assert all(one.endswith("ms") for one in lines if "/coordination" in one)
    assert "a-word-nobody-logs" not in server.log
