"""The Claude Code plugin in the repository is what `init` installs, but for what it calls."""

import json
from pathlib import Path

from sidelight.hosts.claude_code.install import plugin, published
from sidelight.hosts.pieces import Place

ROOT = Path(__file__).parents[2]


def test_the_plugin_in_the_repository_is_the_one_that_the_tables_make():
    there = [*ROOT.glob("plugin/**/*"), ROOT / ".claude-plugin/marketplace.json"]
    found = {str(one.relative_to(ROOT)): one.read_text(encoding="utf-8") for one in there if one.is_file()}
    assert found == published(), "run scripts/plugin"


def test_the_plugin_calls_the_program_on_the_path_and_is_silent_where_there_is_none():
    hooks = json.loads(published()["plugin/hooks/hooks.json"])["hooks"]
    commands = {handler["command"] for groups in hooks.values() for group in groups for handler in group["hooks"]}
    assert commands == {"command -v sidelight >/dev/null && sidelight hook claude-code 2>/dev/null; exit 0"}
    assert json.loads(published()["plugin/.mcp.json"]) == {
        "mcpServers": {"sidelight": {"command": "sidelight", "args": ["mcp"]}}
    }


def test_both_hear_the_same_events_of_the_same_tools():
    def heard(text):
        return {event: [group.get("matcher") for group in found] for event, found in json.loads(text)["hooks"].items()}

    assert heard(published()["plugin/hooks/hooks.json"]) == heard(plugin(Place({}))["hooks/hooks.json"])
