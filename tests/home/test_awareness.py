"""`home.awareness`: the section in CLAUDE.md and AGENTS.md (O23)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight.home import awareness

SECTION = awareness.section("/srv/agent")


def test_it_says_what_the_origin_says():
    """O23: announce before, look, flips record themselves, the session header, and stop on a warning."""
    plain = " ".join(SECTION.split())
    assert awareness.HEADING == "## Cross-Session Coordination (light, advisory)"
    for part in (
        "Announce BEFORE a high-impact action",
        "POST" if "POST" in plain else "/coordination/intent",
        "GET /coordination/recent",
        "PATCH /config",
        "record themselves",
        "X-Sidelight-Session",
        "STOP, tell the user",
        "confirm",
        "never blocks",
    ):
        assert part in plain
    assert len(SECTION.encode()) / 4 < 500, "it is read at every session start"


def outcomes(home, *, fresh=False):
    return [one.what for one in awareness.write(str(home), fresh=fresh)]


def test_a_fresh_home_gets_both_files_and_running_again_changes_nothing(tmp_path):
    assert outcomes(tmp_path, fresh=True) == ["made", "made"]
    first = (tmp_path / "CLAUDE.md").read_bytes()
    assert outcomes(tmp_path, fresh=True) == outcomes(tmp_path) == ["current", "current"]
    assert (tmp_path / "CLAUDE.md").read_bytes() == first


@pytest.mark.parametrize("text", ["", "x", "# Mine\n", "# Mine\r\nwindows\r\n", "no newline", "\ufeffbom\n", "a\n\n\n"])
def test_an_existing_file_gets_it_once_and_stays_byte_for_byte(tmp_path, text):
    file = tmp_path / "CLAUDE.md"
    file.write_bytes(text.encode())
    file.chmod(0o640)
    assert outcomes(tmp_path) == ["added", "is missing; skipped"]
    after = file.read_bytes()
    assert after.startswith(text.encode())
    assert after.count(b"## Cross-Session Coordination") == 1
    assert (b"\r\n" in after) == ("\r\n" in text)
    assert after.count(b"\n") == after.count(b"\r\n") or "\r\n" not in text
    assert file.stat().st_mode & 0o777 == 0o640
    assert outcomes(tmp_path)[0] == "current"
    assert file.read_bytes() == after
    assert sorted(one.name for one in tmp_path.iterdir()) == ["CLAUDE.md"]


def test_bytes_that_are_no_text_stay_as_they_are(tmp_path):
    (tmp_path / "CLAUDE.md").write_bytes(b"caf\xe9\xff\n")
    outcomes(tmp_path)
    assert (tmp_path / "CLAUDE.md").read_bytes().startswith(b"caf\xe9\xff\n")


def older(body="## Cross-Session Coordination (light, advisory)\n\nas it was said once\n", version=0):
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f"<!-- sidelight:coordination v{version} {digest} -->\n{body}<!-- /sidelight:coordination -->"


def test_an_older_version_of_ours_is_replaced_where_it_stands():
    after, what = awareness.migrated(f"before\n\n{older()}\nafter\n", SECTION)
    assert what == "replaced"
    assert after == f"before\n\n{SECTION}after\n"


def test_a_section_that_the_user_edited_is_left_and_said():
    edited = older().replace("once", "twice")
    for text in (edited, f"a\n{edited}\nb", older().partition("<!-- /")[0]):
        assert awareness.migrated(text, SECTION) == (text, "has our section, but somebody edited it; left as it is")
    newer = older(version=99)
    assert awareness.migrated(newer, SECTION)[0] == newer


def test_a_section_of_that_name_that_is_not_ours_is_left_and_said():
    text = "# Agent\n\n## Cross-Session Coordination (light, advisory)\n\nby the origin\n"
    after, what = awareness.migrated(text, SECTION)
    assert (after, "not written by Sidelight" in what) == (text, True)


def test_a_file_that_imports_the_other_is_not_given_it_twice():
    assert awareness.migrated("@AGENTS.md\n", SECTION, imports=True)[1] == "imports AGENTS.md; left as it is"
    assert awareness.migrated("@AGENTS.md\n", SECTION)[1] == "added"


def test_one_file_under_two_names_is_written_once(tmp_path):
    (tmp_path / "AGENTS.md").write_text("x\n")
    (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")
    assert outcomes(tmp_path) == ["added", "is the same file"]
    assert (tmp_path / "CLAUDE.md").is_symlink()
    assert (tmp_path / "AGENTS.md").read_text().count("## Cross-Session") == 1


def test_the_files_of_a_projects_hidden_home_stand_beside_it(tmp_path):
    home = tmp_path / ".sidelight"
    home.mkdir()
    (tmp_path / "CLAUDE.md").write_text("# Project\n")
    assert outcomes(home)[0] == "added"
    assert "--home .sidelight " in (tmp_path / "CLAUDE.md").read_text()


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_whatever_stands_there_is_kept_and_a_second_run_changes_nothing(text):
    after, _ = awareness.migrated(text, SECTION)
    assert after.startswith(text)
    assert awareness.migrated(after, SECTION)[0] == after
