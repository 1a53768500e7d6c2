"""The Inspector's command line lists and calls every tool."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: The newest one that runs on Node 20; it sends no headers, so a server that asks for a token is the SDK client's part.
INSPECTOR = "@modelcontextprotocol/inspector@0.15.0"
SIDELIGHT = Path(sys.executable).with_name("sidelight")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("npm") is None, reason="the Inspector comes by npm, which is not installed here"),
]


# A machine that trusts a certificate of its own says so to its system, not to Node.
_TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
AROUND = ({"NODE_EXTRA_CA_CERTS": _TRUSTED} if os.path.exists(_TRUSTED) else {}) | dict(os.environ)


@pytest.fixture(scope="module")
def inspect(tmp_path_factory):
    where = tmp_path_factory.mktemp("inspector")
    install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", where, INSPECTOR]
    done = subprocess.run(install, env=AROUND, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr

    def run(*arguments, **env):
        done = subprocess.run(
            [where / "node_modules" / ".bin" / "mcp-inspector", "--cli", *arguments],
            env={**AROUND, "CI": "true", **env}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    return run


def called(tool, **given):
    arguments = [part for name, value in given.items() for part in ("--tool-arg", f"{name}={value}")]
    return ["--method", "tools/call", "--tool-name", tool, *arguments]


def test_it_lists_and_calls_every_tool(inspect, tmp_path, record_property):
    record_property("engine", "sqlite")
    home = {"SIDELIGHT_HOME": str(tmp_path / "home"), "SIDELIGHT_SESSION": "session-a"}
    given = [part for name, value in home.items() for part in ("-e", f"{name}={value}")]

    def ask(*arguments):
        return inspect(*given, SIDELIGHT, "mcp", *arguments, **home)

    listed = ask("--method", "tools/list")["tools"]
    assert [one["name"] for one in listed] == ["announce", "check", "finish", "whats_going_on", "who_did"]
    mine = ask(*called("announce", activity="rewrite the parser", area="parsing"))["structuredContent"]["id"]
    assert ask(*called("check", command="git push"))["isError"] is False
    assert ask(*called("whats_going_on"))["structuredContent"]["actions"][0]["id"] == mine
    assert ask(*called("who_did", target=mine))["structuredContent"]["actions"][0]["id"] == mine
    assert ask(*called("finish", id=mine))["structuredContent"] == {"finished": True, "id": mine}
    assert ask("--method", "resources/list")["resources"][0]["uri"] == "sidelight://ledger"
    assert ask(*called("announce"))["isError"] is True
