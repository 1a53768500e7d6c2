"""What holds for every table of commands: no words make it fail, and no look at help or at a dry run is an action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight.actions import EFFECTS, KINDS
from sidelight.effects import (
    UNKNOWN,
    Command,
    Redirect,
    databases,
    files,
    forge,
    git,
    infrastructure,
    packages,
    processes,
    sql,
)
from sidelight.effects.options import split
from sidelight.targets import SCHEMES, scheme_of
from tests.fakes import FakeFacts

MODULES = [databases, infrastructure, packages, forge, git, files, processes]
WORDS = st.one_of(
    st.sampled_from(
        "-c -e -f -n -p -d -u -x -- - --all --force --dry-run --repo=a/b --context - -X -h apply delete get create "
        "update set db "
        "reset migrate run api install add publish pr issue close merge secret kv put s3 rm sync deploy up down drop "
        "state "
        "workspace config use-context rollout scale exec services pages d1 execute secrets versions auth login -m pip "
        "venv "
        "manage.py artisan 5 #5 a/b s3://b/k gs://b @f x=1 k8s.yaml DROP\u00a0TABLE * {owner}/{repo} "
        "repos/a/b/issues/5 "
        "repos/a/b graphql mutation query=x".split(" ")
    ),
    st.just(UNKNOWN),
    st.just(""),
    st.text(max_size=12),
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
@given(data=st.data())
def test_no_words_make_a_table_fail_or_name_what_is_not_there(module, data):
    program = data.draw(st.sampled_from(sorted(module.PROGRAMS)))
    words = data.draw(st.lists(WORDS, max_size=7))
    stdin = data.draw(st.none() | st.text(max_size=40))
    command = Command(
        (program, *words),
        cwd="/repo",
        stdin=stdin,
        redirects=(Redirect("<", "x"),),
        upstream=data.draw(st.none() | st.just(("a",))),
    )
    found = module.read(command, FakeFacts())
    for draft in found.drafts if found else ():
        assert draft.kind in KINDS
        assert len(draft.summary or "") <= 80
        for touch in draft.touches:
            assert scheme_of(touch.key) in SCHEMES
            assert touch.effect in EFFECTS
    assert not (found and found.reads and found.drafts)


@given(st.text(alphabet="abDROP;'\"`$-/*\\(){}\n =1", max_size=60), st.booleans(), st.booleans())
def test_any_text_can_be_read_as_sql(text, hashes, metas):
    for verdict in sql.verdicts(text, hashes=hashes, metas=metas):
        assert verdict.level in (sql.READ, sql.WRITE, sql.RESET, sql.KILL)


@pytest.mark.parametrize(
    "line",
    [
        "terraform apply --help",
        "helm upgrade web . --dry-run",
        "npm publish --dry-run",
        "cargo publish --dry-run",
        "aws s3 sync a s3://b --dryrun",
        "kubectl delete pod x --dry-run=client",
        "prisma migrate reset --help",
        "ansible-playbook x.yml --check",
        "wrangler deploy --dry-run",
        "uv lock --check",
        "supabase db push --dry-run",
        "gh issue close --help",
        "bd close app-1 --dry-run",
        "apt-get install jq --dry-run",
    ],
)
def test_a_dry_run_reads(line):
    words = line.split()
    command = Command(tuple(words), cwd="/repo")
    answers = [module.read(command, FakeFacts()) for module in MODULES if words[0] in module.PROGRAMS]
    assert [answer.reads for answer in answers if answer] == [True]


def test_options_are_told_from_words():
    words = split(("mysql", "-psecret", "-e", "SELECT 1", "--host=h", "shop", "--", "-x"), ("-e",), attached=("-p",))
    assert words.plain == ("shop",)
    assert words.rest == ("-x",)
    assert (words.value("-p"), words.value("-e"), words.value("--host")) == ("secret", "SELECT 1", "h")


def test_a_switch_that_is_off_is_off():
    assert not split(("kubectl", "--dry-run=none")).on("--dry-run")
    assert split(("kubectl", "--dry-run")).on("--dry-run")
    assert split(("kubectl", "--dry-run=none")).has("--dry-run")


def test_one_dash_may_begin_a_long_option():
    words = split(("terraform", "-chdir=a", "apply", "-auto-approve", "-var", "x=1"), ("-var",), long=True)
    assert (words.plain, words.value("-chdir"), words.value("-var")) == (("apply",), "a", "x=1")
    assert words.on("-auto-approve")


def test_some_options_take_all_words_up_to_the_next():
    words = split(("aws", "ec2", "stop", "--ids", "a", "b", "--region", "eu"), ("--region",), many=("--ids",))
    assert words.values("--ids") == ("a", "b")
