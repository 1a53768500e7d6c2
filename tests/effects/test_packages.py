"""What package managers do: to dependency trees, lock files, global prefixes, registries."""

import pytest

from sidelight.effects import packages
from tests.effects.reading import check, done, drafts, said
from tests.fakes import FakeFacts

MODULES = "deps:m1:/repo/node_modules"
LOCK = "deps-install edits path:m1:/repo/package-lock.json"
VENV = "deps:m1:/repo/.venv"
TOKENS = dict.fromkeys(("NPM_TOKEN", "CARGO_REGISTRY_TOKEN", "GEM_HOST_API_KEY", "DOCKER_AUTH_CONFIG"), "x")
#: With tokens in the environment nothing relies on the logins of the machine.
NAMED = FakeFacts(
    packages={("npm", "/repo"): "@acme/app", ("pypi", "/repo"): "acme-app", ("crates", "/repo"): "acme"}, env=TOKENS
)

CASES = {
    "npm install changes tree and lock": ("npm install", ["only", f"deps-install replaces {MODULES}", LOCK]),
    "npm install of a package also edits the manifest": (
        "npm i -D vitest",
        ["deps-install edits path:m1:/repo/package.json", LOCK],
    ),
    "npm ci lays the tree anew and keeps the lock": ("npm ci", ["only", f"deps-install destroys {MODULES}"]),
    "npm install of the lock alone leaves the tree": ("npm install --package-lock-only", ["only", LOCK]),
    "npm install that saves nothing keeps the lock": (
        "npm install --no-save x",
        ["only", f"deps-install replaces {MODULES}"],
    ),
    "npm uninstall": ("npm rm lodash", [f"deps-install replaces {MODULES}", LOCK]),
    "npm update": ("npm update", [f"deps-install replaces {MODULES}", LOCK]),
    "npm audit reads": ("npm audit", "read"),
    "npm audit fix installs": ("npm audit fix", [f"deps-install replaces {MODULES}"]),
    "npm ls reads": ("npm ls --all", "read"),
    "npm view reads": ("npm view @acme/app versions", "read"),
    "npm pack reads": ("npm pack", "read"),
    "npm install that only looks": ("npm install --dry-run", "read"),
    "npm global is the machine's": ("npm install -g typescript", ["only", "deps-install replaces deps:m1:global:npm"]),
    "npm publish": ("npm publish --access public", ["only", "package-publish replaces package:npm:@acme/app"]),
    "npm publish that only looks": ("npm publish --dry-run", "read"),
    "npm publish of a tarball": (
        "npm publish acme-cdk-1.4.0.tgz",
        ["only", "package-publish replaces package:npm:acme-cdk"],
    ),
    "npm dist-tag moves a tag": (
        "npm dist-tag add @acme/app@1.2.3 latest",
        ["only", "package-retag replaces package:npm:@acme/app"],
    ),
    "npm dist-tag ls reads": ("npm dist-tag ls @acme/app", "read"),
    "npm deprecate": (
        "npm deprecate @acme/app@1.2.3 broken",
        ["only", "package-unpublish destroys package:npm:@acme/app"],
    ),
    "npm unpublish": ("npm unpublish @acme/app@1.2.3", ["only", "package-unpublish destroys package:npm:@acme/app"]),
    "npm version edits and commits": (
        "npm version patch",
        ["edit edits path:m1:/repo/package.json", "commit commits tree:m1:/repo"],
    ),
    "npm login": ("npm login", ["only", "login replaces credential:m1:npm"]),
    "pnpm add": (
        "pnpm add zod",
        [f"deps-install replaces {MODULES}", "deps-install edits path:m1:/repo/pnpm-lock.yaml"],
    ),
    "pnpm with a frozen lock": ("pnpm install --frozen-lockfile", ["only", f"deps-install replaces {MODULES}"]),
    "yarn alone installs": ("yarn", [f"deps-install replaces {MODULES}", "deps-install edits path:m1:/repo/yarn.lock"]),
    "yarn why reads": ("yarn why lodash", "read"),
    "yarn berry publishes": ("yarn npm publish", ["only", "package-publish replaces package:npm:@acme/app"]),
    "yarn global": ("yarn global add serve", ["only", "deps-install replaces deps:m1:global:yarn"]),
    "bun adds": ("bun add hono", [f"deps-install replaces {MODULES}", "deps-install edits path:m1:/repo/bun.lock"]),
    "pip without an environment is the machine's": (
        "pip install requests",
        ["only", "deps-install replaces deps:m1:global:pip"],
    ),
    "pip of an environment": (".venv/bin/pip install -r requirements.txt", ["only", f"deps-install replaces {VENV}"]),
    "pip by its module": ("python3 -m pip install x", ["only", "deps-install replaces deps:m1:global:pip"]),
    "pip in an active environment": (
        "VIRTUAL_ENV=/envs/a pip install x",
        ["only", "deps-install replaces deps:m1:/envs/a"],
    ),
    "pip freeze reads": ("pip freeze", "read"),
    "pip download leaves everything": ("pip download x", "nothing"),
    "uv sync": ("uv sync", [f"deps-install replaces {VENV}", "deps-install edits path:m1:/repo/uv.lock"]),
    "uv sync frozen": ("uv sync --frozen", ["only", f"deps-install replaces {VENV}"]),
    "uv add": (
        "uv add httpx",
        ["deps-install edits path:m1:/repo/uv.lock", "deps-install edits path:m1:/repo/pyproject.toml"],
    ),
    "uv lock leaves the environment": ("uv lock", ["only", "deps-install edits path:m1:/repo/uv.lock"]),
    "uv lock that checks": ("uv lock --check", "read"),
    "uv tool is the machine's": ("uv tool install ruff", ["only", "deps-install replaces deps:m1:global:uv"]),
    "uv publish": ("uv publish", ["only", "package-publish replaces package:pypi:acme-app"]),
    "uv tree reads": ("uv tree", "read"),
    "a new environment over the old": ("python -m venv --clear .venv", ["only", f"deps-install destroys {VENV}"]),
    "poetry add": (
        "poetry add httpx",
        [f"deps-install replaces {VENV}", "deps-install edits path:m1:/repo/poetry.lock"],
    ),
    "poetry install keeps the lock": ("poetry install", ["only", f"deps-install replaces {VENV}"]),
    "poetry publish": ("poetry publish --build", ["only", "package-publish replaces package:pypi:acme-app"]),
    "pipenv lock": ("pipenv lock", ["only", "deps-install edits path:m1:/repo/Pipfile.lock"]),
    "twine uploads this package": ("twine upload dist/*", ["only", "package-publish replaces package:pypi:acme-app"]),
    "twine uploads a named file": (
        "twine upload acme_cdk-1.0.0-py3-none-any.whl",
        ["only", "package-publish replaces package:pypi:acme-cdk"],
    ),
    "twine uploads what a pattern names": (
        "twine upload --non-interactive dist/Acme_Client-2.4.0*",
        ["only", "package-publish replaces package:pypi:acme-client"],
    ),
    "twine uploads to the other index": (
        "twine upload -r testpypi -p secret dist/*",
        ["only", "package-publish replaces package:testpypi:acme-app"],
    ),
    "twine uploads to an index by its address": (
        "twine upload --repository-url https://test.pypi.org/legacy/ dist/*",
        ["only", "package-publish replaces package:testpypi:acme-app"],
    ),
    "twine uploads to an index of the environment": (
        "TWINE_REPOSITORY_URL=https://me@pypi.acme.dev/up twine upload dist/*",
        ["only", "package-publish replaces package:pypi.acme.dev:acme-app"],
    ),
    "uv publishes to the other index": (
        "uv publish --publish-url https://test.pypi.org/legacy/ --token x dist/acme_x-1.0.tar.gz",
        ["only", "package-publish replaces package:testpypi:acme-x"],
    ),
    "poetry publishes to a named index": (
        "poetry publish -r acme -u me -p secret",
        ["only", "package-publish replaces package:acme:acme-app"],
    ),
    "cargo publishes to a named registry": (
        "cargo publish --registry acme",
        ["only", "package-publish replaces package:acme:acme"],
    ),
    "npm publish to a private registry": (
        "npm publish --registry https://npm.acme.dev",
        ["only", "package-publish replaces package:npm.acme.dev:@acme/app"],
    ),
    "npm publish under a tag of its own": (
        "npm publish --tag next",
        ["only", "package-publish adds package:npm:@acme/app"],
    ),
    "npm publish as the latest": (
        "npm publish --tag latest",
        ["only", "package-publish replaces package:npm:@acme/app"],
    ),
    "a type check reads": ("tsc --noEmit -p .", "read"),
    "mypy reads": ("mypy --strict src", "read"),
    "mypy that installs stubs": ("mypy --install-types src", ["only", "deps-use uses deps:m1:global:pip"]),
    "cargo check reads": ("cargo check --all", "read"),
    "cargo clippy is not for here": ("cargo clippy --fix", "not understood"),
    "twine check reads": ("twine check dist/*", "read"),
    "conda into a named environment": ("conda install -n ml numpy", ["only", "deps-install replaces deps:m1:conda:ml"]),
    "conda removes an environment": ("conda env remove -n ml", ["only", "deps-install destroys deps:m1:conda:ml"]),
    "pipx is the machine's": ("pipx upgrade black", ["only", "deps-install replaces deps:m1:global:pipx"]),
    "cargo add edits manifest and lock": (
        "cargo add serde",
        ["only", "deps-install edits path:m1:/repo/Cargo.lock", "deps-install edits path:m1:/repo/Cargo.toml"],
    ),
    "cargo update edits the lock": ("cargo update", ["only", "deps-install edits path:m1:/repo/Cargo.lock"]),
    "cargo build uses the target directory": ("cargo build --release", ["only", "deps-use uses deps:m1:/repo/target"]),
    "cargo clean removes it": ("cargo clean", ["only", "deps-install destroys deps:m1:/repo/target"]),
    "cargo clean of a shared target": (
        "CARGO_TARGET_DIR=/shared/target cargo clean",
        ["only", "deps-install destroys deps:m1:/shared/target"],
    ),
    "cargo install is the machine's": ("cargo install ripgrep", ["only", "deps-install replaces deps:m1:global:cargo"]),
    "cargo publish": ("cargo publish", ["only", "package-publish replaces package:crates:acme"]),
    "cargo publish that only looks": ("cargo publish -n", "read"),
    "cargo yank": ("cargo yank --version 1.0.0 acme", ["only", "package-unpublish destroys package:crates:acme"]),
    "cargo tree reads": ("cargo tree", "read"),
    "go get": (
        "go get example.com/x@v1",
        ["only", "deps-install edits path:m1:/repo/go.sum", "deps-install edits path:m1:/repo/go.mod"],
    ),
    "go clean of the module cache": ("go clean -modcache", ["deps-install destroys deps:m1:global:go"]),
    "go list reads": ("go list ./...", "read"),
    "bundle installs": (
        "bundle install",
        ["deps-install replaces deps:m1:/repo/vendor/bundle", "deps-install edits path:m1:/repo/Gemfile.lock"],
    ),
    "gem push": ("gem push acme-1.2.0.gem", ["only", "package-publish replaces package:rubygems:acme"]),
    "gem yank": ("gem yank acme -v 1.2.0", ["only", "package-unpublish destroys package:rubygems:acme"]),
    "composer requires": (
        "composer require a/b",
        ["deps-install replaces deps:m1:/repo/vendor", "deps-install edits path:m1:/repo/composer.lock"],
    ),
    "composer installs as locked": ("composer install", ["only", "deps-install replaces deps:m1:/repo/vendor"]),
    "mix gets": ("mix deps.get", ["deps-install replaces deps:m1:/repo/deps"]),
    "maven deploys a package": ("mvn clean deploy", ["only", "package-publish replaces package:maven:acme/app"]),
    "maven tests": ("mvn -q test", ["only", "deps-use uses deps:m1:/repo/target"]),
    "gradle publishes a subproject": ("./gradlew :core:publish", ["package-publish replaces package:maven:acme/app"]),
    "gradle stops all daemons": ("gradle --stop", ["only", "process-kill destroys process:m1"]),
    "brew installs for the machine": ("brew upgrade", ["only", "deps-install replaces deps:m1:global:brew"]),
    "brew stops a service": ("brew services stop postgresql@16", ["only", "process-kill destroys process:m1"]),
    "brew list reads": ("brew list", "read"),
    "apt installs for the machine": ("apt-get install -y jq", ["only", "deps-install replaces deps:m1:global:apt"]),
    "apt search reads": ("apt-cache policy jq", "read"),
    "semantic-release publishes": ("semantic-release", ["only", "package-publish replaces package:npm:@acme/app"]),
    "semantic-release that only looks": ("semantic-release --dry-run", "read"),
    "changeset publishes": ("changeset publish", ["only", "package-publish replaces package:npm:@acme/app"]),
    "changeset alone adds a note": ("changeset", "nothing"),
    "goreleaser releases": ("goreleaser release --clean", ["package-publish replaces package:go:acme/app"]),
    "a script that releases": ("npm run release", ["only", "package-publish replaces package:npm:@acme/app"]),
    "a script that deploys": ("npm run deploy:staging", ["only", "deploy replaces service:acme/app/staging"]),
    "an unknown verb is not understood": ("npm frobnicate", "not understood"),
}


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES)
def test_what_a_package_manager_does(line, expected):
    check(done(packages, line, NAMED), expected)


def test_a_linked_tree_is_the_tree_it_leads_to():
    facts = FakeFacts("/repo-wt", trees=["/repo", "/repo-wt"], links={"/repo-wt/node_modules": "/repo/node_modules"})
    assert f"deps-install destroys {MODULES}" in said(done(packages, "npm ci", facts))


def test_a_link_that_was_removed_before_leads_nowhere():
    facts = FakeFacts("/wt", trees=["/wt"], links={"/wt/node_modules": "/repo/node_modules"})
    found = said(done(packages, "npm ci", facts, before=(("rm", "node_modules"),)))
    assert "deps-install destroys deps:m1:/wt/node_modules" in found
    assert not [line for line in found if "/repo" in line]


def test_packages_borrowed_by_links_belong_to_another_tree():
    facts = FakeFacts("/wt", trees=["/wt"], links={"/wt/node_modules/@acme/cdk": "/repo/node_modules/@acme/cdk"})
    check(
        done(packages, "npm install", facts),
        ["deps-install replaces deps:m1:/wt/node_modules", f"deps-install replaces {MODULES}"],
    )


def test_a_workspace_member_shares_the_lock_at_the_root():
    facts = FakeFacts("/repo/packages/web", files={"/repo/pnpm-lock.yaml": "", "/repo/packages/web/package.json": "{}"})
    check(
        done(packages, "pnpm add zod", facts),
        [
            "deps-install edits path:m1:/repo/pnpm-lock.yaml",
            "deps-install edits path:m1:/repo/packages/web/package.json",
        ],
    )


def test_a_project_with_its_own_lock_is_its_own_root():
    facts = FakeFacts(
        "/repo/frontend", files={"/repo/frontend/package-lock.json": "{}", "/repo/package-lock.json": "{}"}
    )
    check(done(packages, "npm ci", facts), ["only", "deps-install destroys deps:m1:/repo/frontend/node_modules"])


def test_the_directory_option_moves_the_project():
    facts = FakeFacts(files={"/repo/web/package-lock.json": "{}"})
    check(
        done(packages, "npm --prefix web ci", facts), ["only", "deps-install destroys deps:m1:/repo/web/node_modules"]
    )


def test_a_member_is_published_under_its_own_name():
    facts = FakeFacts(packages={("npm", "/repo/packages/cdk"): "@acme/cdk", ("npm", "/repo"): "root"}, env=TOKENS)
    for line in (
        "npm publish -w packages/cdk",
        "npm publish --workspace=@acme/cdk",
        "npm --prefix packages/cdk publish",
        "npm publish ./packages/cdk",
        "pnpm --filter @acme/cdk publish",
        "pnpm --filter ./packages/cdk publish",
    ):
        check(done(packages, line, facts), ["only", "package-publish replaces package:npm:@acme/cdk"])


def test_what_publishes_relies_on_the_login_of_the_machine():
    check(done(packages, "npm publish"), ["package-publish uses credential:m1:npm"])
    found = done(packages, "NPM_CONFIG_USERCONFIG=/tmp/npmrc pnpm publish --registry https://npm.acme.dev/")
    check(found, ["package-publish uses credential:m1:npm:/tmp/npmrc:npm.acme.dev"])


def test_pip_finds_the_environment_beside_the_project():
    facts = FakeFacts("/repo/src", directories=["/repo/.venv"])
    check(done(packages, "pip install -e ..", facts), ["only", f"deps-install replaces {VENV}"])


def test_a_script_whose_text_is_known_does_what_its_text_says():
    facts = FakeFacts(
        files={"/repo/package.json": '{"scripts": {"deploy": "vercel", "db:reset": "prisma migrate reset"}}'}
    )
    check(done(packages, "npm run deploy", facts), ["deploy adds service:acme/app/preview/vercel"])
    check(done(packages, "pnpm db:reset", facts), ["db-reset destroys db:m1:/repo/.git/default"])


def test_a_lock_file_lies_in_its_tree():
    touch = drafts(packages, "uv lock")[0].touches[0]
    assert touch.within == "tree:m1:/repo"
