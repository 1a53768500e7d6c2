"""Which words of an activity connect it to another."""

import pytest

from sidelight.advisory.lexical import distinctive, stem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fix the failing tests for the date picker update", {"pick", "date"}),
        ("fix the failing tests for the csv export update", {"export"}),
        ("update the lint config and fix warnings in scripts", set()),
        ("building the fix for the redrive flood; the open commitments are my test bed", {"redrive", "flood"}),
        ("stop the redrive flood", {"redrive", "flood"}),
        ("deploying with DEPLOY_TOKEN", {"deploy", "token"}),
        ("", set()),
        ("12345 2026 v2", set()),
    ],
)
def test_only_distinctive_words_count(text, words):
    assert words <= set(distinctive(text))
    generic = {"fix", "tests", "test", "update", "config", "warning", "script", "lint", "fail"}
    assert not set(distinctive(text)) & generic


@pytest.mark.parametrize(
    "group",
    [
        ("withdrawal", "withdrawals"),
        ("deploy", "deployer", "deploying", "deployed"),
        ("import", "imports", "importing", "importer"),
    ],
)
def test_plain_inflections_share_a_form(group):
    assert len({stem(word) for word in group}) == 1


def test_a_long_text_yields_at_most_eight_words():
    text = " ".join(f"distinct{chr(97 + number)}word" for number in range(20))
    assert len(distinctive(text)) == 8
