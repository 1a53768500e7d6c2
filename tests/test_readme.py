"""What the README says is so."""

import re
from pathlib import Path

from sidelight.cli import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SIDELIGHT_HOME", str(tmp_path))
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "ledger.db").exists()


def test_every_command_it_names_exists():
    named = set(re.findall(r"`sidelight ([a-z-]+)", README))
    assert named <= set(COMMANDS), named - set(COMMANDS)


def test_every_page_it_links_to_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (Path(__file__).parents[1] / link).exists(), link


def test_the_warning_it_shows_is_worded_as_warnings_are():
    golden = (Path(__file__).parent / "golden" / "warnings.txt").read_text(encoding="utf-8")
    assert "discards uncommitted edits of" in README
    assert "discards uncommitted edits of" in golden
    assert README.count("Tell the user and confirm before going on.") == 1
