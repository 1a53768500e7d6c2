"""Whatever is typed: no crash, no hang, no output, no read that is not proven."""

import shlex

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sidelight.effects import Call, effects_of
from sidelight.effects.shell import commands, powershell_commands, walk
from sidelight.effects.shell.nodes import ascii_only, restored
from sidelight.effects.shell.words import plain_words
from tests.fakes import FakeFacts

from . import odd_shell

FACTS = FakeFacts(env={"HOME": "/home/me"}, files={"/repo/a.sh": "rm x", "/repo/b": "1"})
QUICK = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

TOKENS = st.sampled_from(
    (
        "rm git cd echo cat bash -c eval xargs sudo env find -exec {} \\; if then elif else fi for in do done while"
        " read case esac function f() { } ( ) (( )) [[ ]] [ ] | || && & ; ;; |& < > >> << <<- <<< <( >( $( ` $ ${ }"
        ' $X ${X:-y} ${X%.*} "$@" "$(x)" \' " \\ \\\n \n # ! * ? ~ EOF EOF\n A=b A+=(c) export local unset exit break'
        " ssh h docker exec c python -e node $'\\n' \x00 é \ufffd 1 2>&1 0 @ = %"
    ).split(" ")
)
SOUP = st.lists(TOKENS, max_size=40).map(" ".join)
TIGHT = st.lists(TOKENS, max_size=40).map("".join)
LINES = st.sampled_from(odd_shell.LINES)


@st.composite
def mutated(draw):
    """A real line with pieces cut out, doubled or replaced."""
    text = draw(LINES)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = (
            text[:start]
            + draw(st.sampled_from(["", text[start:end] * 2, "'", '"', "$(", ")", "\n", "<<E\n"]))
            + text[end:]
        )
    return text


def check(line, capfd):
    found, followed = commands(line, FACTS)
    assert isinstance(followed, bool)
    assert len(found) <= walk.MOST_COMMANDS
    assert all(command.argv and all(isinstance(word, str) for word in command.argv) for command in found)
    effects = effects_of(Call("Bash", {"command": line}), FACTS)
    assert not (effects.reads and effects.unknown)
    assert not (effects.reads and effects.drafts)
    powershell_commands(line, FACTS)
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")


ANYTHING = settings(QUICK, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@ANYTHING
@given(line=st.text(max_size=300))
def test_random_text(line, capfd):
    check(line, capfd)


@ANYTHING
@given(line=SOUP | TIGHT)
def test_token_soup(line, capfd):
    check(line, capfd)


@ANYTHING
@given(line=mutated())
def test_mutated_lines(line, capfd):
    check(line, capfd)


@pytest.mark.parametrize("number", range(len(odd_shell.LINES)))
def test_odd_shell_files(number, capfd):
    check(odd_shell.LINES[number], capfd)


FIRST = st.text("abcXYZ_./'\"", min_size=1, max_size=5) | st.sampled_from("git rm if export test time function".split())
REST = st.lists(
    st.text("abcXYZ019_./:=@%+,^~-' \"#$!{}[]()*?\\\n\t;&|<>`é", max_size=8)
    | st.sampled_from("-rf a=b fi --x=y".split()),
    max_size=8,
).map(" ".join)
PLAIN = st.builds("{} {}".format, FIRST, REST)


@settings(QUICK, max_examples=1500)
@given(line=PLAIN)
def test_the_small_lexer_and_the_grammar_agree(line):
    if plain_words(line) is None:
        return
    by_lexer, _ = commands(line, FACTS)
    by_grammar, parsed = commands(line + "\n:", FACTS)
    assume(parsed)  # the grammar has its own trouble with words such as `1@`
    assert [command.argv for command in by_lexer] + [(":",)] == [command.argv for command in by_grammar]


@settings(QUICK)
@given(text=st.text(st.characters(codec="utf-8")))
def test_any_text_survives_being_spelled_in_ascii(text):
    assert ascii_only(text).isascii()
    assert restored(ascii_only(text)) == text


@settings(QUICK)
@given(words=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12), min_size=1))
def test_quoted_words_come_out_as_they_went_in(words):
    line = "frobnicate " + " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    found, followed = commands(line, FACTS)
    assert (found[0].argv[1:], followed) == (tuple(words), True)
    assert found[0].argv == tuple(shlex.split(line))
