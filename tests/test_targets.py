"""Resource keys: how they are made and how two of them relate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight.targets import (
    ancestors,
    area,
    fold,
    glob_matches,
    literal_prefix,
    named,
    normal_path,
    section,
    short,
    split_words,
)
from tests.fakes import FakeFacts


@pytest.mark.parametrize(
    ("text", "windows", "expected"),
    [
        ("/a//b/./c/../d/", False, "/a/b/d"),
        ("/..", False, "/"),
        ("C:\\w\\Mono\\..\\X", True, "c:/w/x"),
        ("/c/W/mono", True, "c:/w/mono"),
        ("C:/w", True, "c:/w"),
        ("/A/b", False, "/A/b"),
    ],
)
def test_a_path_has_one_spelling(text, windows, expected):
    assert normal_path(text, windows=windows) == expected


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        ("path:m:/r/src", "path:m:/r/src/a.py", True),
        ("path:m:/r/src/a.py", "path:m:/r/src", False),
        ("path:m:/r/src/auth", "path:m:/r/src/author/x", False),
        ("path:m:/r", "path:m:/r2/x", False),
        ("path:m1:/r/a", "path:m2:/r/a", False),
        ("path:m:/a", "path:m:/a", False),
        ("path:m:/", "path:m:/a/b", True),
        ("config:h#a.b", "config:h#a.b.c", True),
        ("config:h#a.b", "config:h#a.c", False),
        ("config:h#a.b", "config:h#ab.c", False),
        ("config:h#a.b", "config:other#a.b", False),
        ("issue:o/r", "issue:o/r#5", True),
        ("issue:o/r#5", "issue:o/r#55", False),
        ("process:m", "process:m:next dev", True),
        ("service:staging", "service:staging/checkout", True),
        ("ref:o/r#main", "ref:o/r#main2", False),
    ],
)
def test_a_key_holds_what_lies_in_the_resource_that_it_names(outer, inner, holds):
    assert (outer in ancestors(inner)) is holds


def test_the_settings_of_one_section_are_siblings():
    assert section("config:h#a.b.c") == section("config:h#a.d") == section("config:h#a") == "config:h#a"
    assert section("config:h#ab.c") == "config:h#ab"
    assert section("path:m:/r/src") is None


@pytest.mark.parametrize(
    ("pattern", "key", "covered"),
    [
        ("path:m:/r/auth/**", "path:m:/r/auth/a/b.ts", True),
        ("path:m:/r/auth/**", "path:m:/r/auth", True),
        ("path:m:/r/auth/**", "path:m:/r/auth.ts", False),
        ("path:m:/r/auth/*", "path:m:/r/auth/a/b.ts", False),
        ("path:m:/r/auth/*", "path:m:/r/auth/a.ts", True),
        ("path:m:/r/**/x.py", "path:m:/r/x.py", True),
        ("path:m:/r/**/x.py", "path:m:/r/a/b/x.py", True),
        ("path:m:/r/a.?s", "path:m:/r/a.ts", True),
        ("path:m:/r/[!a].c", "path:m:/r/a.c", False),
        ("path:m:/r/a[", "path:m:/r/a[", True),
    ],
)
def test_a_glob_covers_what_a_shell_would(pattern, key, covered):
    assert glob_matches(pattern, key) is covered


def test_a_glob_is_looked_up_by_the_directory_before_its_first_wildcard():
    assert literal_prefix("path:m:/r/src/auth/**/x") == "path:m:/r/src/auth"
    assert literal_prefix("path:m:/r/src/O*.c") == "path:m:/r/src"
    assert literal_prefix("path:m:/r/plain") == "path:m:/r/plain"


def test_one_area_has_many_spellings():
    assert len({area("s", name) for name in ("merge-queue", "mergeQueue", "Merge Queue", "merge_queue")}) == 1
    assert fold("merge-queue") != fold("merge-queues")


def test_identifiers_fall_into_their_words():
    assert split_words("mergeQueue-label HTTPServer x1") == ["merge", "queue", "label", "http", "server", "x1"]


@given(st.text(max_size=80))
def test_no_text_breaks_a_key(text):
    key = f"path:m:/r/{text}"
    assert isinstance(short(key), str)
    assert isinstance(glob_matches(key, key), bool)
    assert all(one != key for one in ancestors(key))


FACTS = FakeFacts(cwd="/repo/src")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("path:auth/**", "path:m1:/repo/src/auth/**"),
        ("path:/repo/x/*.c", "path:m1:/repo/x/*.c"),
        ("src/a.py", "path:m1:/repo/src/src/a.py"),
        ("path:m9:/elsewhere/x", "path:m9:/elsewhere/x"),
        ("config:a.b", "config:home#a.b"),
        ("branch:main", "ref:acme/app#main"),
        ("tag:v1", "ref:acme/app#tags/v1"),
        ("issue:#5", "issue:acme/app#5"),
        ("issue:Other/Repo#5", "issue:other/repo#5"),
        ("port:3000", "port:m1:3000"),
        ("docker:volume:data", "volume:m1:data"),
        ("secret:KEY", "secret:acme/app/KEY"),
        ("db:localhost:5432/app", "db:m1:5432/app"),
        ("package:npm:@a/b", "package:npm:@a/b"),
        ("service:staging/checkout", "service:staging/checkout"),
        ("the moon", "other:the moon"),
    ],
)
def test_a_target_is_read_as_people_write_it(text, key):
    assert named(text, FACTS).key == key


def test_a_file_target_knows_its_working_tree():
    assert named("path:auth/**", FACTS).within == "tree:m1:/repo"


def test_an_empty_target_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="must not be empty"):
        named("  ", FACTS)
