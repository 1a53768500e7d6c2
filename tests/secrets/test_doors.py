"""No secret of the corpus gets past any door: not into the ledger, the audit, a log, an answer or a warning."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from sidelight import Ledger
from sidelight.actions import Draft, Session
from sidelight.desk import TOOLS, Caller, Desk, Mistake
from sidelight.effects import Call, effects_of
from sidelight.facts import LiveFacts
from sidelight.ledger import notice_lines
from tests.hosts.calling import around, command_of
from tests.secrets.samples import SECRETS
from tests.server.running import files_with, serving

MAY_STAY = {"config.json"}  # what a user sets is there, in the open, because that is where it is set


def own(number, text, secret):
    """A sample whose secret occurs in no other one, so that whatever is left can be told apart."""
    mine = secret.replace("hunter", f"hunter{number:03}q")
    return text.replace(secret, mine), mine


#: The corpus, less what is too short to be looked for among other texts.
SAMPLES = [own(number, *one) for number, one in enumerate(SECRETS) if len(one[1]) >= 6]


def left_behind(home, output=""):
    """Which secrets can be read in a home's files or in what was answered, and in which sample they were."""
    found = []
    for text, secret in SAMPLES:
        where = [one for one in files_with(secret, home) if os.path.basename(one) not in MAY_STAY]
        found += [(secret, text, one) for one in where] + ([(secret, text, "answer")] if secret in output else [])
    return found


def lines_with(text):
    """Command lines as sessions run them, with a text in them."""
    word = shlex.quote(text)
    return (
        f"git commit -q -m {word} && git push --force",
        f"curl -X POST -d {word} http://localhost:3000/config",
        f"echo {word} >> notes.txt",
        f"gh issue comment 5 --body {word}",
    )


@pytest.fixture
def home(tmp_path, record_property):
    record_property("engine", "sqlite")
    return tmp_path / "home"


def test_the_library_keeps_none(home):
    heard = []
    with Ledger.open(home) as ledger:
        for number, (text, _) in enumerate(SAMPLES):
            receipt = ledger.announce(text, actor=f"a-{number}", area="deploy", targets=["src/a.py"])
            heard.append(receipt.warning or receipt.error or "")
            heard.append(str(ledger.record(Draft("config-set", target="app.note", value=text, actor=f"b-{number}"))))
        for one in ledger.who():
            heard += notice_lines(ledger.notices(one.session.actor))
    assert left_behind(home, "\n".join(heard)) == []


def test_a_command_line_leaves_none(home, tmp_path):
    heard = []
    with Ledger.open(home) as ledger:
        facts = LiveFacts(str(tmp_path))
        for number, (text, _) in enumerate(SAMPLES):
            for line in lines_with(text):
                drafts = effects_of(Call("Bash", {"command": line}), facts).drafts
                me = Session(f"s-{number}", machine="m1", space=ledger.space, tree=str(tmp_path))
                receipt = ledger.record(*(one._replace(actor=me.actor) for one in drafts), me=me)
                heard.append(f"{receipt.warning} {receipt.error}")
    assert left_behind(home, "\n".join(heard)) == []


def test_the_tools_of_mcp_keep_and_say_none(home):
    heard = []
    with Ledger.open(home) as _:
        pass
    desk = Desk.of({}, str(home))
    announce, check, finish, look, who = TOOLS
    for number, (text, _) in enumerate(SAMPLES):
        for tool, given in (
            (announce, {"activity": text, "area": "deploy"}),
            (check, {"command": lines_with(text)[0]}),
            (check, {"targets": [text]}),
            (finish, {"id": text}),
            (who, {"target": text}),
        ):
            try:
                said, _ = desk.call(tool, given, Caller(f"s-{number}"))
            except Mistake as mistake:
                heard.append(str(mistake))
            else:
                heard.append(said.text + said.data.model_dump_json())
    heard.append(desk.call(look, {"limit": 100}, Caller("other"))[0].text)
    assert left_behind(home, "\n".join(heard)) == []


def test_http_keeps_and_says_none(home):
    heard = []
    with serving(home) as server:
        client = server.client(session="session-a")
        for text, _ in SAMPLES:
            sent = [
                client.post("/coordination/intent", json={"activity": text, "area": "deploy"}),
                client.post("/coordination/check", json={"command": lines_with(text)[0]}),
                client.patch("/config", json={"feedback": {"note": text}}),
            ]
            heard += [one.text for one in sent]
        heard += [client.get(path).text for path in ("/coordination/recent?quiet=true&limit=500", "/config")]
        server.stop()
        heard.append(server.log)
    assert left_behind(home, "\n".join(heard)) == []


@pytest.mark.long
def test_a_hook_keeps_and_says_none(tmp_path, record_property):
    record_property("engine", "sqlite")
    env = around(tmp_path)
    heard = []
    for number, (text, _) in enumerate(SAMPLES):
        payload = {
            "session_id": f"s-{number}", "cwd": str(tmp_path), "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_use_id": f"t-{number}", "tool_input": {"command": lines_with(text)[number % 4]},
        }  # fmt: skip
        line = ["/bin/sh", "-c", command_of("claude-code")]
        done = subprocess.run(line, input=json.dumps(payload).encode(), env=env, capture_output=True, check=True)
        heard.append((done.stdout + done.stderr).decode())
    assert left_behind(tmp_path, "\n".join(heard)) == []


def test_the_terminal_keeps_and_says_none(home, tmp_path):
    env = around(tmp_path, SIDELIGHT_HOME=str(home), SIDELIGHT_SESSION="session-a")
    heard = []
    for text, _ in SAMPLES[::8]:
        for words in (
            ["intent", text],
            ["check", lines_with(text)[0]],
            ["explain", lines_with(text)[1]],
            ["recent", "--json"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "sidelight", *words], env=env, capture_output=True, text=True, check=False
            )
            heard.append(done.stdout + done.stderr)
    assert left_behind(home, "\n".join(heard)) == []
