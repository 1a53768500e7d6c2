"""What commands do to issues, pull requests, workflows, protection, secrets, logins."""

import pytest

from sidelight.effects import UNKNOWN, forge
from tests.effects.reading import check, done, drafts
from tests.fakes import FakeFacts

ISSUE = "issue:acme/app#5"
PR = "pr:acme/app#7"
BEAD = "bead:acme/app#app-17"

#: With tokens in the environment nothing relies on the login of the machine.
TOKENS = FakeFacts(env={"GH_TOKEN": "x", "GITLAB_TOKEN": "x"})

CASES = {
    # issues
    "closing an issue": ("gh issue close 5 -c 'not needed'", ["only", f"issue-close destroys {ISSUE}"]),
    "closing an issue of another repository": (
        "gh issue close 5 -R Acme/Web",
        ["only", "issue-close destroys issue:acme/web#5"],
    ),
    "closing an issue by its url": (
        "gh issue close https://github.com/acme/web/issues/9",
        ["only", "issue-close destroys issue:acme/web#9"],
    ),
    "closing by the environment's repository": (
        "GH_REPO=acme/web gh issue close 5",
        ["only", "issue-close destroys issue:acme/web#5"],
    ),
    "deleting an issue": ("gh issue delete 5 --yes", ["only", f"issue-close destroys {ISSUE}"]),
    "transferring an issue": ("gh issue transfer 5 acme/web", ["only", f"issue-close destroys {ISSUE}"]),
    "taking an issue": ("gh issue edit 5 --add-assignee @me", ["only", f"issue-claim replaces {ISSUE}"]),
    "taking several issues": (
        "gh issue edit 5 6 --add-assignee @me",
        ["only", f"issue-claim replaces {ISSUE}", "issue-claim replaces issue:acme/app#6"],
    ),
    "replacing an issue's body": ("gh issue edit 5 --body 'new text'", ["only", f"issue-edit replaces {ISSUE}"]),
    "changing an issue's title": ("gh issue edit 5 -t 'new title'", ["only", f"issue-edit edits {ISSUE}"]),
    "labelling an issue": ("gh issue edit 5 --add-label in-progress", ["only", f"issue-note adds {ISSUE}"]),
    "a comment collides with nothing": ("gh issue comment 5 --body 'same on 2.1, see close #3'", "nothing"),
    "a comment that takes the work is a mark": (
        'gh issue comment 5 -b "I\'ll take this one"',
        ["only", f"issue-note adds {ISSUE}"],
    ),
    "creating an issue collides with nothing": ("gh issue create -t 'a' -b 'b'", "nothing"),
    "viewing an issue reads": ("gh issue view 5 --comments", "read"),
    "listing issues reads": ("gh issue list --search 'close me'", "read"),
    "reopening undoes a closing": ("gh issue reopen 5", ["only", f"issue-edit replaces {ISSUE}"]),
    # pull requests
    "opening a pull request": (
        "gh pr create -B main -H fix-5 -t 'Mend the cart' -b 'Fixes #5'",
        ["only", "pr-open uses ref:acme/app#main", "pr-open adds ref:acme/app#fix-5", f"pr-open adds {ISSUE}"],
    ),
    "opening a pull request with a file": (
        "gh pr create --base dev --title x --body-file body.md",
        ["pr-open uses ref:acme/app#dev", "pr-open adds ref:acme/app#main", "file-use uses path:m1:/repo/body.md"],
    ),
    "opening a pull request that only looks": ("gh pr create --dry-run -t x -b y", "read"),
    "merging relies on checks and protection": (
        "gh pr merge 7 --squash",
        ["only", f"pr-merge replaces {PR}", "pr-merge uses workflow:acme/app", "pr-merge uses protection:acme/app"],
    ),
    "merging a branch and deleting it": ("gh pr merge fix-5 -s -d", ["pr-merge destroys ref:acme/app#fix-5"]),
    "closing a pull request": ("gh pr close 7", ["only", f"issue-close destroys {PR}"]),
    "replacing a pull request's body": (
        "gh pr edit 7 -F body.md",
        [f"issue-edit replaces {PR}", "file-use uses path:m1:/repo/body.md"],
    ),
    "checking out a pull request switches the tree": (
        "gh pr checkout 7",
        ["only", "tree-switch switches tree:m1:/repo"],
    ),
    "a review collides with nothing": ("gh pr review 7 --approve", "nothing"),
    "checks read": ("gh pr checks 7 --watch", "read"),
    "a diff reads": ("gh pr diff 7", "read"),
    "updating a branch pushes to it": ("gh pr update-branch 7", ["only", f"push edits {PR}"]),
    # releases, workflows, runs
    "a release makes its tag": (
        "gh release create v1.2.3 --notes x",
        ["only", "tag-push adds ref:acme/app#tags/v1.2.3"],
    ),
    "a release is deleted with its tag": (
        "gh release delete v1.2.3 --cleanup-tag -y",
        ["only", "ref-delete destroys ref:acme/app#tags/v1.2.3"],
    ),
    "a release's asset is replaced": (
        "gh release upload v1.2.3 a.tgz --clobber",
        ["only", "tag-push replaces ref:acme/app#tags/v1.2.3"],
    ),
    "a workflow is disabled": (
        "gh workflow disable deploy.yml",
        ["only", "workflow-change replaces workflow:acme/app#deploy.yml"],
    ),
    "a workflow by its path": (
        "gh workflow enable .github/workflows/deploy.yml",
        ["only", "workflow-change replaces workflow:acme/app#deploy.yml"],
    ),
    "a workflow is run": (
        "gh workflow run deploy.yml -f env=prod",
        ["only", "workflow-change adds workflow:acme/app#deploy.yml"],
    ),
    "a run is cancelled": ("gh run cancel 123", ["only", "workflow-change destroys run:acme/app#123"]),
    "a run is run again": ("gh run rerun 123 --failed", ["only", "workflow-change replaces run:acme/app#123"]),
    "watching a run reads": ("gh run watch 123", "read"),
    "all caches are deleted": ("gh cache delete --all", ["only", "other destroys other:cache:acme/app"]),
    # secrets, variables, logins, the repository
    "a secret is set": (
        "gh secret set DEPLOY_TOKEN --body x",
        ["only", "secret-rotate replaces secret:acme/app/DEPLOY_TOKEN"],
    ),
    "a secret of an environment": (
        "gh secret delete KEY --env production",
        ["only", "secret-rotate destroys secret:acme/app/production/KEY"],
    ),
    "a secret of an organisation": (
        "gh secret set KEY --org Acme -b x",
        ["only", "secret-rotate replaces secret:acme/KEY"],
    ),
    "a variable": ("gh variable set REGION -b eu", ["only", "other replaces secret:acme/app/vars/REGION"]),
    "listing secrets reads": ("gh secret list", "read"),
    "logging in": ("gh auth login", ["only", "login replaces credential:m1:gh"]),
    "switching the account": ("gh auth switch", ["only", "login switches credential:m1:gh"]),
    "logging out leaves it to another account": ("gh auth logout", ["only", "login switches credential:m1:gh"]),
    "a configuration of one's own": (
        "GH_CONFIG_DIR=/tmp/gh gh auth login --with-token",
        ["only", "login replaces credential:m1:gh:/tmp/gh"],
    ),
    "a secret of another repository": (
        "gh secret set KEY --repo Acme/Infra --body x",
        ["only", "secret-rotate replaces secret:acme/infra/KEY"],
    ),
    "a secret of another app": (
        "gh secret set KEY --app dependabot -b x",
        ["only", "secret-rotate replaces secret:acme/app/dependabot/KEY"],
    ),
    "a secret of one's own": ("gh secret delete -u KEY", ["only", "secret-rotate destroys secret:acme/app/user/KEY"]),
    "the login's state reads": ("gh auth status", "read"),
    "archiving the repository": (
        "gh repo archive acme/app -y",
        ["only", "protection-change replaces protection:acme/app"],
    ),
    "changing the default branch": (
        "gh repo edit --default-branch dev",
        ["only", "protection-change replaces protection:acme/app"],
    ),
    "viewing the repository reads": ("gh repo view", "read"),
    "cloning collides with nothing": ("gh repo clone acme/web", "nothing"),
    # the API
    "a request without fields reads": ("gh api repos/acme/app/pulls/7", "read"),
    "fields told to be a query read": ("gh api -X GET search/issues -f q=close", "read"),
    "unprotecting a branch": (
        "gh api -X DELETE repos/acme/app/branches/main/protection",
        ["only", "protection-change replaces protection:acme/app#main"],
    ),
    "protecting a branch with slashes": (
        "gh api --method PUT /repos/{owner}/{repo}/branches/release/1.x/protection --input p.json",
        ["protection-change replaces protection:acme/app#release/1.x"],
    ),
    "a ruleset": (
        "gh api -X POST repos/acme/app/rulesets --input r.json",
        ["protection-change replaces protection:acme/app"],
    ),
    "closing an issue by request": (
        "gh api -X PATCH repos/acme/app/issues/5 -f state=closed",
        ["only", f"issue-close destroys {ISSUE}"],
    ),
    "assigning by request": (
        "gh api repos/acme/app/issues/5/assignees -f 'assignees[]=me'",
        ["only", f"issue-claim replaces {ISSUE}"],
    ),
    "commenting by request": ("gh api repos/acme/app/issues/5/comments -f body=hello", "nothing"),
    "merging by request": ("gh api -X PUT repos/acme/app/pulls/7/merge", [f"pr-merge replaces {PR}"]),
    "deleting a branch by request": (
        "gh api -X DELETE repos/acme/app/git/refs/heads/fix/5",
        ["only", "ref-delete destroys ref:acme/app#fix/5"],
    ),
    "forcing a branch by request": (
        "gh api -X PATCH repos/acme/app/git/refs/heads/main -f sha=abc -F force=true",
        ["only", "push-force destroys ref:acme/app#main"],
    ),
    "disabling a workflow by request": (
        "gh api -X PUT repos/acme/app/actions/workflows/ci.yml/disable",
        ["only", "workflow-change replaces workflow:acme/app#ci.yml"],
    ),
    "cancelling a run by request": (
        "gh api -X POST repos/acme/app/actions/runs/9/cancel",
        ["only", "workflow-change destroys run:acme/app#9"],
    ),
    "a graph query reads": ("gh api graphql -f query='query { viewer { login } }'", "read"),
    "a graph mutation that merges": (
        "gh api graphql -f query='mutation { mergePullRequest(input: {}) { clientMutationId } }'",
        ["only", "pr-merge replaces pr:acme/app"],
    ),
    "curl to the api": (
        'curl -X PATCH https://api.github.com/repos/acme/app/issues/5 -d \'{"state": "closed"}\'',
        ["only", f"issue-close destroys {ISSUE}"],
    ),
    "curl that asks the api": ("curl -s https://api.github.com/repos/acme/app/issues/5", "read"),
    "curl elsewhere is not for here": ("curl -X POST https://example.com/repos", "not understood"),
    # GitLab
    "closing a GitLab issue": ("glab issue close 5", ["only", f"issue-close destroys {ISSUE}"]),
    "a GitLab note": ("glab issue note 5 -m 'same here'", "nothing"),
    "merging a merge request": ("glab mr merge 7 -d", [f"pr-merge replaces {PR}"]),
    "opening a merge request": (
        "glab mr create -b main -s fix-5 -t x -d 'Closes #5'",
        ["pr-open uses ref:acme/app#main", "pr-open adds ref:acme/app#fix-5", f"pr-open adds {ISSUE}"],
    ),
    "a GitLab variable": ("glab variable set KEY x", ["only", "secret-rotate replaces secret:acme/app/KEY"]),
    "GitLab's pipelines read": ("glab ci status", "read"),
    # beads and other trackers
    "claiming a bead": ("bd update app-17 --status in_progress", ["only", f"issue-claim replaces {BEAD}"]),
    "claiming a bead by its flag": ("bd update app-17 --claim", ["only", f"issue-claim replaces {BEAD}"]),
    "assigning a bead": ("bd update app-17 --assignee me", ["only", f"issue-claim replaces {BEAD}"]),
    "closing beads": (
        "bd close app-17 app-18 --reason done",
        ["only", f"issue-close destroys {BEAD}", "issue-close destroys bead:acme/app#app-18"],
    ),
    "closing a bead by its status": ("bd update app-17 -s closed", ["only", f"issue-close destroys {BEAD}"]),
    "reopening a bead": ("bd reopen app-17", ["only", f"issue-edit replaces {BEAD}"]),
    "a bead's priority": ("bd update app-17 -p 1", ["only", f"issue-edit edits {BEAD}"]),
    "a bead's description": ("bd update app-17 -d 'new'", ["only", f"issue-edit replaces {BEAD}"]),
    "a dependency between beads": (
        "bd dep add app-17 app-18",
        ["only", f"issue-note adds {BEAD}", "issue-note adds bead:acme/app#app-18"],
    ),
    "creating a bead collides with nothing": ("bd create 'Mend the cart' -p 1", "nothing"),
    "ready beads read": ("bd ready --json", "read"),
    "showing a bead reads": ("bd show app-17", "read"),
    "moving a Jira issue": ("jira issue move ACME-5 'In Progress'", ["only", "issue-claim replaces issue:jira#ACME-5"]),
    "finishing a Jira issue": ("jira issue move ACME-5 Done", ["only", "issue-close destroys issue:jira#ACME-5"]),
    "starting a Linear issue": ("linear issue start eng-3", ["only", "issue-claim replaces issue:linear#ENG-3"]),
    # keepers of secrets and logins
    "vault writes": (
        "vault kv put secret/shop/db password=x",
        ["only", "secret-rotate replaces secret:vault/secret/shop/db"],
    ),
    "vault writes a file": (
        "vault kv put -mount=secret shop/db @db.json",
        ["secret-rotate replaces secret:vault/secret/shop/db", "file-use uses path:m1:/repo/db.json"],
    ),
    "vault deletes metadata": (
        "vault kv metadata delete secret/shop/db",
        ["only", "secret-rotate destroys secret:vault/secret/shop/db"],
    ),
    "vault reads": ("vault kv get secret/shop/db", "read"),
    "vault logs in": ("vault login -method=oidc", ["only", "login replaces credential:m1:vault"]),
    "doppler deletes a config with all it holds": (
        "doppler configs delete prd -p shop --yes",
        ["only", "secret-rotate destroys secret:doppler/shop/prd"],
    ),
    "doppler sets": (
        "doppler secrets set KEY=x -p shop -c prd",
        ["only", "secret-rotate replaces secret:doppler/shop/prd/KEY"],
    ),
    "doppler downloads": ("doppler secrets download --no-file", "read"),
    "an item of 1Password": (
        "op item edit db --vault shop password=x",
        ["only", "secret-rotate destroys secret:op/shop/db"],
    ),
    "op reads": ("op read op://shop/db/password", "read"),
    "sops decrypts": ("sops -d secrets.yaml", "read"),
    "sops rotates in place": ("sops rotate -i secrets.yaml", ["only", "edit edits path:m1:/repo/secrets.yaml"]),
    "an agent logs in": ("claude auth login", ["only", "login replaces credential:m1:claude"]),
    "an agent lists its servers": ("claude mcp list", "read"),
    "an agent lists its plugins' sources": ("claude plugin marketplace list", "read"),
    "an agent's version": ("codex --version", "read"),
    "an agent gets a server": ("codex mcp add docs -- npx docs", "not understood"),
    "an agent works": ("claude -p list", "not understood"),
    "an agent logs out": ("codex logout", ["only", "login destroys credential:m1:codex"]),
    "an agent's login state reads": ("codex login status", "read"),
    "an agent at work is not for here": ("claude -p 'close the issue'", "not understood"),
}


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES)
def test_what_a_forge_command_does(line, expected):
    check(done(forge, line, TOKENS), expected)


def test_what_writes_relies_on_the_login_of_the_machine():
    check(done(forge, "gh release edit v1 --draft=false"), ["tag-push uses credential:m1:gh"])
    check(done(forge, "glab mr merge 7"), ["pr-merge uses credential:m1:glab"])
    own = FakeFacts(env={"GH_CONFIG_DIR": "/tmp/gh"})
    check(done(forge, "gh issue close 5", own), ["issue-close uses credential:m1:gh:/tmp/gh"])
    unknown = done(forge, f"GH_TOKEN={UNKNOWN} gh issue close 5")
    check(unknown, ["only", f"issue-close destroys {ISSUE}"])
    check(done(forge, "gh issue list"), "read")


def test_a_server_keeps_its_own_secrets():
    lab = FakeFacts(env={"VAULT_ADDR": "https://vault.lab:8200", "VAULT_NAMESPACE": "eng/"})
    for line in ("vault kv put secret/shop/db a=b", "vault kv patch -mount=secret shop/db a=b"):
        check(done(forge, line, lab), ["only", "secret-rotate replaces secret:vault@vault.lab:8200/eng/secret/shop/db"])
    here = done(forge, "vault kv delete -address=http://127.0.0.1:8200 secret/shop/db")
    check(here, ["only", "secret-rotate destroys secret:vault@m1:8200/secret/shop/db"])


def test_a_loop_over_unknown_issues_touches_all_of_them():
    check(done(forge, "gh issue close", TOKENS, each=True), ["only", "issue-close destroys issue:acme/app"])
    check(done(forge, f"gh issue close {UNKNOWN}", TOKENS), ["only", "issue-close destroys issue:acme/app"])
    check(done(forge, "bd close", each=True), ["only", "issue-close destroys bead:acme/app"])


def test_the_text_of_a_pull_request_is_for_matching_only():
    draft = drafts(forge, "gh pr create -t 'Rewrite the merge queue' -b 'Closes acme/web#3'")[0]
    assert "merge queue" in draft.words
    assert "issue:acme/web#3" in [touch.key for touch in draft.touches]
    assert "Closes" not in (draft.summary or "")


def test_the_text_in_a_body_file_closes_issues_too():
    facts = FakeFacts(files={"/repo/body.md": "Resolves #5\n"})
    check(done(forge, "gh pr create -t x -F body.md", facts), [f"pr-open adds {ISSUE}"])


def test_a_release_moves_the_package_of_the_directory():
    facts = FakeFacts(packages={("npm", "/repo"): "@acme/app"})
    check(done(forge, "gh release create v1.2.3", facts), ["tag-push edits package:npm:@acme/app"])


def test_the_keys_of_an_env_file_are_what_is_set():
    facts = FakeFacts(files={"/repo/.env.prod": "A=1\n# x\nexport B=2\n"})
    check(
        done(forge, "gh secret set -f .env.prod", facts),
        ["secret-rotate replaces secret:acme/app/A", "secret-rotate replaces secret:acme/app/B"],
    )


def test_an_api_body_from_the_input_counts():
    found = done(forge, "gh api -X PATCH repos/acme/app/issues/5 --input -", TOKENS, stdin='{"state": "closed"}')
    check(found, ["only", f"issue-close destroys {ISSUE}"])


def test_without_a_remote_the_repository_is_this_machines():
    check(
        done(forge, "bd close app-17", FakeFacts(remote=None)),
        ["only", "issue-close destroys bead:m1:/repo/.git#app-17"],
    )


@pytest.mark.parametrize(
    "text", ["Closes #5", "fixes: #5", "resolved GH-5", "Fix acme/app#5", "closes https://github.com/acme/app/issues/5"]
)
def test_closing_words(text):
    assert forge.closed_by(text, "acme/app") == [ISSUE]


@pytest.mark.parametrize("text", ["see #5", "disclose #5", "prefix #5", "Closes the gap in #5"])
def test_words_that_close_nothing(text):
    assert forge.closed_by(text, "acme/app") == []
