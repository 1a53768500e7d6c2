"""What package managers do: to the dependency tree and its lock file, to a machine's global tools, to a registry.

One table a manager: verb → step. A tree is named by the directory it really is (`node_modules` may be a link into
another working tree), a virtual environment by its own directory, a global prefix by its manager.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from sidelight import targets
from sidelight.actions import ADDS, COMMITS, DESTROYS, EDITS, REPLACES, SWITCHES, USES, Draft, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places, reads
from sidelight.effects.options import Words, split
from sidelight.effects.registries import all_members, own_package, package_draft, package_names, registry_named
from sidelight.facts import Facts

# ── what can happen ───────────────────────────────────────────────────────────────────────────────────────────────

#: install: tree and lock; add: also the manifest; keep: the tree as locked; clean: the tree anew; lock: the lock alone;
#: global: this machine's prefix; use: runs from the tree; script: a script of the project; switch: another version
#: below everybody.
(
    READ,
    NOTHING,
    INSTALL,
    ADD,
    KEEP,
    CLEAN,
    LOCK,
    GLOBAL,
    USE,
    SCRIPT,
    PUBLISH,
    RETAG,
    UNPUBLISH,
    VERSION,
    LOGIN,
    SWITCH,
) = (
    "read",
    "nothing",
    "install",
    "add",
    "keep",
    "clean",
    "lock",
    "global",
    "use",
    "script",
    "publish",
    "retag",
    "unpublish",
    "version",
    "login",
    "switch",
)


class Manager(NamedTuple):
    """A package manager. `tree`: where its dependencies lie below the project's root (`:venv` = the virtual
    environment, `:global` = nowhere else). `bare`: the verb without a verb. `here`: options that name the project's
    directory.
    """

    verbs: dict[str, str]
    tree: str
    lock: str = ""
    manifest: str = ""
    registry: str = ""
    frozen: tuple[str, ...] = ()
    valued: str = ""
    here: tuple[str, ...] = ()
    bare: str = ""
    anything: str = ""  # the step of a verb that is not in the table


def _rows(**steps: str) -> dict[str, str]:
    """Verbs, separated by commas, each to its step (`global_`, because `global` is a word of Python's own)."""
    return {verb.strip(): step.rstrip("_") for step, verbs in steps.items() for verb in verbs.split(",")}


_JS_FROZEN = (
    "--frozen-lockfile",
    "--immutable",
    "--no-save",
    "--no-lockfile",
    "--frozen",
    "--no-package-lock",
    "--pure-lockfile",
)
_JS_VALUED = (
    "--prefix -C --dir --cwd --workspace --filter -F --tag --registry --otp --access --omit --include --location "
    "--loglevel --dist-tag "
    "--cache --userconfig --network-timeout --modules-folder --config --store-dir --scope --message -m --preid"
)
_PIP = _rows(
    install="install, uninstall, sync",
    read="list, show, freeze, check, search, index, debug, help, inspect, tree, compile",
    nothing="download, wheel, cache, config, hash, completion, lock",
)
MANAGERS: dict[str, Manager] = {
    "npm": Manager(
        _rows(
            install="install, i, in, ins, inst, isntall, install-test, it, update, up, upgrade, udpate, dedupe, ddp, "
            "audit fix, "
            "prune, rebuild, rb, link, ln, shrinkwrap",
            add="uninstall, un, remove, rm, r, unlink",
            clean="ci, clean-install, ic, install-clean, cit, install-ci-test",
            read="view, v, info, show, ls, list, ll, la, outdated, audit, why, explain, search, s, find, fund, ping, "
            "whoami, "
            "doctor, prefix, root, bin, help, docs, home, repo, bugs, query, sbom, diff, pack, config get, config "
            "list, "
            "config ls, c, get, dist-tag ls, dist-tag list, dist-tags ls, dist-tags list, owner ls, access list, "
            "access get, token list, team ls, org ls, profile get, completion, find-dupes, licenses, pkg get, "
            "help-search",
            nothing="init, create, innit, cache, config, set, star, unstar, stars, edit, pkg, explore, hook, "
            "undeprecate",
            script="run, run-script, rum, urn, test, t, tst, start, stop, restart, exec, x",
            publish="publish, stage",
            retag="dist-tag, dist-tags, owner, access, team",
            unpublish="unpublish, deprecate",
            version="version, verison",
            login="login, adduser, add-user, logout, token",
        ),
        "node_modules",
        "package-lock.json",
        "package.json",
        "npm",
        (*_JS_FROZEN, "--package-lock=false"),
        _JS_VALUED + " -w",
        ("--prefix", "-C"),
    ),
    "pnpm": Manager(
        _rows(
            install="install, i, update, up, upgrade, dedupe, prune, rebuild, rb, link, ln, unlink, import, "
            "patch-commit, "
            "patch-remove, install-test, it, self-update, approve-builds",
            add="add, remove, rm, uninstall, un",
            clean="ci, clean-install",
            read="list, ls, ll, la, why, outdated, audit, licenses, root, bin, config get, config list, store status, "
            "store path, env list, env ls, view, info, show, whoami, pack, help, search, ping, dist-tag ls, cat-file, "
            "cat-index, find-hash, docs",
            nothing="init, create, fetch, deploy, cache, config, patch, store, setup, doctor, server",
            script="run, run-script, test, t, start, exec",
            publish="publish",
            retag="dist-tag, owner, access",
            unpublish="unpublish, deprecate",
            version="version",
            login="login, adduser, logout",
            switch="env use",
        ),
        "node_modules",
        "pnpm-lock.yaml",
        "package.json",
        "npm",
        _JS_FROZEN,
        _JS_VALUED,
        ("-C", "--dir"),
        anything=SCRIPT,
    ),
    "yarn": Manager(
        _rows(
            install="install, up, upgrade, upgrade-interactive, dedupe, link, unlink, import, rebuild, set version, "
            "plugin import, "
            "autoclean",
            add="add, remove, unplug",
            read="list, info, why, outdated, audit, licenses, config get, config list, config, cache list, cache dir, "
            "versions, "
            "workspaces info, workspaces list, bin, help, search, owner list, npm info, npm audit, npm whoami, npm tag "
            "list, "
            "pack, tag list, check, constraints, explain, global list, global dir, global bin",
            nothing="init, create, cache, cache clean, generate-lock-entry, policies, stage, patch, config set, plugin",
            script="run, test, start, exec, node, workspaces run, workspaces foreach",
            publish="publish, npm publish",
            retag="tag, npm tag, owner, access",
            unpublish="npm deprecate",
            version="version",
            login="login, logout, npm login, npm logout",
            use="dlx",
        ),
        "node_modules",
        "yarn.lock",
        "package.json",
        "npm",
        _JS_FROZEN,
        _JS_VALUED,
        ("--cwd",),
        bare="install",
        anything=SCRIPT,
    ),
    "bun": Manager(
        _rows(
            install="install, i, update, link, unlink, patch",
            add="add, a, remove, rm, uninstall",
            clean="ci",
            read="outdated, pm ls, pm list, pm hash, pm bin, pm cache, info, why, audit, pm whoami, pm pack",
            nothing="init, create, c, pm, repl",
            script="run, test, build, x, exec",
            publish="publish",
            global_="upgrade",
        ),
        "node_modules",
        "bun.lock",
        "package.json",
        "npm",
        _JS_FROZEN,
        _JS_VALUED,
        ("--cwd",),
        anything=SCRIPT,
    ),
    "pip": Manager(
        _PIP,
        ":venv",
        valued="-r --requirement -c --constraint -e --editable -t --target --prefix -i --index-url "
        "--extra-index-url -f --find-links --python --root --src --cache-dir --proxy --log --python-version",
    ),
    "uv": Manager(
        _rows(
            install="sync",
            add="add, remove",
            lock="lock",
            read="tree, export, python list, python find, python dir, tool list, "
            "tool dir, cache dir, pip list, pip show, pip freeze, pip check, pip tree, pip compile, help, self version",
            keep="pip install, pip uninstall, pip sync",
            clean="venv",
            nothing="init, build, cache, cache clean, cache prune, "
            "python pin, self, generate-shell-completion, tool update-shell, format",
            use="run, tool run",
            global_="tool install, tool upgrade, tool uninstall, python install, python uninstall, self update",
            publish="publish",
            version="version",
            login="auth",
        ),
        ":venv",
        "uv.lock",
        "pyproject.toml",
        "pypi",
        ("--frozen", "--locked"),
        "--project --directory --extra --group --package -p --python --index --index-url --default-index -r "
        "--requirements "
        "--with --only-group -c --constraints --upgrade-package -P --bump -e --editable --target --prefix "
        "--publish-url --check-url -t --token -u --username --password",
        ("--project", "--directory"),
    ),
    "poetry": Manager(
        _rows(
            install="update",
            keep="install, sync",
            add="add, remove",
            lock="lock",
            clean="env remove",
            read="show, check, search, "
            "env info, env list, about, list, help, export, debug, config --list, source show, self show, version -s",
            nothing="init, new, build, config, cache, source, self, env use, env activate",
            use="run, shell",
            publish="publish",
            version="version",
        ),
        ":venv",
        "poetry.lock",
        "pyproject.toml",
        "pypi",
        ("--no-update",),
        "-C --directory -P --project -G --group --with --without --only -E --extras --source -r --repository -u -p "
        "--username --password --python -f --format -o --output",
        ("-C", "--directory", "-P", "--project"),
    ),
    "pdm": Manager(
        _rows(
            install="install, update",
            keep="sync",
            add="add, remove",
            lock="lock",
            read="list, show, info, search, outdated, export, config get",
            nothing="init, new, build, config, cache, use, fix, self, import, plugin, py, python",
            use="run, shell",
            publish="publish",
            clean="venv remove, venv create",
        ),
        ":venv",
        "pdm.lock",
        "pyproject.toml",
        "pypi",
        ("--frozen-lockfile", "--no-lock"),
        "-p --project -G --group -g --repository -r -u --username -P --password --python --ca-certs --comment",
        ("-p", "--project"),
    ),
    "pipenv": Manager(
        _rows(
            install="update, upgrade",
            add="install, uninstall",
            keep="sync",
            lock="lock",
            read="graph, check, verify, scripts, requirements, audit",
            use="run, shell",
            clean="clean",
        ),
        ":venv",
        "Pipfile.lock",
        "Pipfile",
        "pypi",
        ("--deploy", "--ignore-pipfile", "--skip-lock"),
        "-r -e --python -i --index",
    ),
    "hatch": Manager(
        _rows(
            clean="env remove, env prune",
            keep="env create",
            read="env show, env find, status, dep show",
            nothing="build, new, clean, config",
            use="run, shell, test, fmt",
            publish="publish",
            version="version",
        ),
        ":venv",
        "",
        "pyproject.toml",
        "pypi",
        valued="-r --repo -u --user -a --auth -p --project -e --env",
    ),
    "rye": Manager(
        _rows(
            install="sync",
            add="add, remove",
            lock="lock",
            read="list, show, version",
            nothing="init, build, fetch, pin, config",
            use="run, test, lint",
            publish="publish",
            global_="install, uninstall, tools install",
        ),
        ":venv",
        "requirements.lock",
        "pyproject.toml",
        "pypi",
    ),
    "flit": Manager(
        _rows(publish="publish", nothing="build, init", keep="install"),
        ":venv",
        "",
        "pyproject.toml",
        "pypi",
        valued="--repository --pypirc -f --ini-file",
    ),
    "twine": Manager(
        _rows(publish="upload", read="check", nothing="register"),
        ":venv",
        "",
        "pyproject.toml",
        "pypi",
        valued="-r --repository --repository-url -u --username -p --password -c --comment --config-file --cert",
    ),
    "pipx": Manager(
        _rows(
            global_="install, uninstall, upgrade, upgrade-all, reinstall, reinstall-all, inject, uninject, "
            "uninstall-all, install-all",
            read="list, environment, interpreter, help",
            use="run",
            nothing="ensurepath, completions, pin, unpin, runpip",
        ),
        ":global",
    ),
    "conda": Manager(
        _rows(
            keep="install, update, upgrade, create, env create, env update",
            clean="remove, uninstall, env remove",
            read="list, info, search, env list, env export, config --show, doctor, compare, export",
            nothing="init, activate, deactivate, clean, config, build, run, package, notices, rename",
        ),
        ":conda",
        valued="-n --name -p --prefix -c --channel -f --file --solver --clone",
    ),
    "cargo": Manager(
        _rows(
            lock="update, generate-lockfile",
            add="add, remove, rm",
            read="check, c, metadata, tree, search, version, locate-project, pkgid, "
            "help, info, read-manifest, verify-project, outdated, audit, deny, package, machete, owner --list",
            use="build, b, test, t, run, r, doc, d, bench, rustc, nextest, llvm-cov, miri, expand, watch, leptos",
            clean="clean",
            global_="install, uninstall, binstall",
            publish="publish, release",
            retag="owner",
            unpublish="yank",
            nothing="new, init, fetch, vendor, report, sqlx prepare",
            login="login, logout",
            version="set-version",
        ),
        "target",
        "Cargo.lock",
        "Cargo.toml",
        "crates",
        ("--locked", "--frozen"),
        "-p --package --manifest-path --target --target-dir --features -F --bin --example --test --bench --profile -j "
        "--jobs "
        "--registry --index --version --vers --root --git --branch --path --message-format --precise -Z --color",
    ),
    "go": Manager(
        _rows(
            lock="get, mod tidy, mod edit, mod vendor, work sync, work use",
            read="list, env, version, doc, help, mod graph, mod verify, mod why, vet, tool, bug",
            use="build, test, run, generate",
            global_="install",
            nothing="mod download, mod init, work init, clean, telemetry",
        ),
        ":global",
        "go.sum",
        "go.mod",
        "go",
        (),
        "-C -o -mod -run -tags -ldflags -count -timeout -p -bench -cover -modfile",
        ("-C",),
    ),
    "bundle": Manager(
        _rows(
            install="update, lock",
            keep="install, binstubs, pristine, cache, package",
            add="add, remove",
            read="list, show, info, "
            "check, outdated, platform, viz, doctor, env, config list, config get, licenses, fund, open",
            clean="clean",
            nothing="init, config, console, gem",
            use="exec",
        ),
        "vendor/bundle",
        "Gemfile.lock",
        "Gemfile",
        "rubygems",
        ("--frozen", "--deployment", "--local"),
        "--gemfile --path --jobs -j",
        bare="install",
    ),
    "gem": Manager(
        _rows(
            global_="install, uninstall, update, cleanup, pristine",
            read="list, search, info, env, environment, "
            "outdated, which, contents, dependency, specification, help, owner --list",
            publish="push",
            unpublish="yank",
            retag="owner",
            nothing="build, fetch, sources, unpack, cert, server",
            login="signin, signout",
        ),
        ":global",
        registry="rubygems",
        valued="-v --version -k --key --host -p --platform -n -i",
    ),
    "composer": Manager(
        _rows(
            keep="install, i, reinstall",
            install="update, u, upgrade, bump",
            add="require, r, remove, rm, uninstall",
            read="show, info, outdated, validate, why, why-not, depends, prohibits, licenses, audit, diagnose, search, "
            "status, "
            "suggests, fund, check-platform-reqs, about, home, browse",
            nothing="init, create-project, archive, config, clear-cache, clearcache, cc",
            lock="normalize",
            use="run-script, run, exec, test, dump-autoload, dumpautoload",
            global_="global, self-update, selfupdate",
        ),
        "vendor",
        "composer.lock",
        "composer.json",
        "packagist",
        ("--no-update",),
        "-d --working-dir",
        ("-d", "--working-dir"),
    ),
    "mix": Manager(
        _rows(
            install="deps.get, deps.update, deps.unlock",
            clean="deps.clean, clean",
            read="deps, deps.tree, hex.info, "
            "hex.outdated, hex.search, hex.audit, help, app.tree, phx.routes, xref, deps.audit, hex.owner list",
            use="compile, test, run, deps.compile, credo, dialyzer, release, docs, assets.deploy, assets.build, "
            "sobelow",
            publish="hex.publish",
            unpublish="hex.retire",
            retag="hex.owner",
            nothing="new, phx.new, local.hex, local.rebar, hex.build",
            global_="archive.install, escript.install, archive.uninstall",
        ),
        "deps",
        "mix.lock",
        "mix.exs",
        "hex",
    ),
    "dotnet": Manager(
        _rows(
            add="add, remove, package add, package remove, reference add, reference remove",
            install="restore",
            keep="tool restore",
            read="list, --info, --list-sdks, --version, nuget list, sln list, package list, package search, tool list",
            use="build, test, publish, run, pack, watch, msbuild, vstest",
            clean="clean",
            global_="tool install, tool update, tool uninstall, workload install",
            publish="nuget push",
            unpublish="nuget delete",
            nothing="new, sln, user-secrets, dev-certs, nuget add, nuget locals, build-server",
        ),
        "obj",
        "packages.lock.json",
        "",
        "nuget",
    ),
    "mvn": Manager(
        _rows(
            use="compile, test, package, verify, test-compile, process-resources, site, integration-test, validate, "
            "generate-sources, "
            "spring-boot:run, quarkus:dev, exec:java",
            clean="clean",
            global_="install",
            publish="deploy, release:perform, release:prepare, jreleaser:release",
            version="versions:set",
            read="dependency:tree, dependency:analyze, help:effective-pom, "
            "help:evaluate, dependency:list, versions:display-dependency-updates, help:describe, dependency:resolve",
        ),
        "target",
        "",
        "pom.xml",
        "maven",
        valued="-f --file -P -pl --projects -s --settings -T --threads",
        anything=USE,
    ),
    "gradle": Manager(
        _rows(
            use="build, test, assemble, check, run, bootRun, classes, jar, compileJava, compileKotlin, installDist, "
            "shadowJar",
            clean="clean",
            read="tasks, dependencies, projects, properties, help, dependencyInsight, buildEnvironment, model",
            publish="publish, publishPlugins, publishToSonatype, publishAllPublicationsToMavenRepository, "
            "uploadArchives",
            global_="publishToMavenLocal",
            install="dependencies --write-locks",
            nothing="wrapper, init",
        ),
        "build",
        "",
        "build.gradle",
        "maven",
        valued="-p --project-dir -b -c -g -x --exclude-task --tests",
        here=("-p", "--project-dir"),
        anything=USE,
    ),
    "brew": Manager(
        _rows(
            global_="install, reinstall, upgrade, uninstall, remove, rm, cleanup, autoremove, link, unlink, pin, "
            "unpin, tap, untap, "
            "bundle, bundle install, switch, postinstall",
            read="list, ls, info, search, deps, uses, outdated, doctor, dr, config, "
            "--prefix, --version, cat, desc, leaves, log, home, services list, services info, bundle check, bundle "
            "list, missing, "
            "--cellar, --cache, commands, options",
            nothing="update, up, fetch, analytics, completions, shellenv, create, edit, audit, "
            "style, test, bundle dump",
        ),
        ":global",
    ),
    "apt": Manager(
        _rows(
            global_="install, remove, purge, upgrade, full-upgrade, dist-upgrade, autoremove, reinstall, build-dep, "
            "satisfy",
            read="list, search, show, policy, showsrc, depends, rdepends, moo, check, changelog, madison, pkgnames",
            nothing="update, clean, autoclean, download, source, edit-sources",
        ),
        ":global",
        valued="-o -t --target-release -c -q",
    ),
    "dnf": Manager(
        _rows(
            global_="install, remove, erase, upgrade, update, downgrade, autoremove, groupinstall, reinstall, module",
            read="list, search, info, repolist, check-update, provides, history, repoquery, deplist",
            nothing="makecache, clean, download",
        ),
        ":global",
    ),
    "apk": Manager(
        _rows(
            global_="add, del, upgrade, fix",
            read="info, search, list, policy, version, dot",
            nothing="update, cache, fetch",
        ),
        ":global",
    ),
    "snap": Manager(
        _rows(
            global_="install, remove, refresh, revert, disable, enable",
            read="list, info, find, services, logs, changes",
        ),
        ":global",
    ),
    "choco": Manager(
        _rows(global_="install, uninstall, upgrade, pin", read="list, search, info, outdated, find"), ":global"
    ),
    "scoop": Manager(
        _rows(global_="install, uninstall, update, reset, cleanup", read="list, search, info, status, which"), ":global"
    ),
    "winget": Manager(
        _rows(global_="install, uninstall, upgrade, import", read="list, search, show, export, source"), ":global"
    ),
    "rustup": Manager(
        _rows(
            global_="toolchain install, toolchain uninstall, target add, target remove, component add, component "
            "remove, self update, install, uninstall",
            switch="default, override set, override unset, update, up",
            read="show, toolchain list, target list, component list, check, which, doc, override list, --version",
            use="run",
        ),
        ":global",
    ),
    "nvm": Manager(
        _rows(
            global_="install, uninstall, reinstall-packages",
            switch="alias, unalias",
            nothing="use, deactivate, exec, run, cache, unload",
            read="ls, list, ls-remote, current, which, version, version-remote",
        ),
        ":global",
    ),
    "fnm": Manager(
        _rows(
            global_="install, uninstall",
            switch="default, alias, unalias",
            nothing="use, env, exec",
            read="list, ls, current, list-remote",
        ),
        ":global",
    ),
    "volta": Manager(
        _rows(global_="install, uninstall, fetch", add="pin", read="list, which", nothing="run, completions, setup"),
        ":global",
        "",
        "package.json",
    ),
    "pyenv": Manager(
        _rows(
            global_="install, uninstall, rehash",
            switch="global",
            add="local",
            nothing="shell, init, exec",
            read="versions, version, which, root, prefix, commands, whence, version-name, latest",
        ),
        ":global",
        "",
        ".python-version",
    ),
    "rbenv": Manager(
        _rows(
            global_="install, uninstall, rehash",
            switch="global",
            add="local",
            nothing="shell, init",
            read="versions, version, which, root, prefix, whence",
        ),
        ":global",
        "",
        ".ruby-version",
    ),
    "asdf": Manager(
        _rows(
            global_="install, uninstall, plugin add, plugin remove, reshim",
            switch="global",
            add="local, set",
            nothing="shell, exec",
            read="list, current, where, which, plugin list, latest, info",
        ),
        ":global",
        "",
        ".tool-versions",
    ),
    "mise": Manager(
        _rows(
            global_="install, i, uninstall, upgrade, up, prune, plugins install, reshim",
            switch="global, use -g",
            add="use, u, set, unset, local",
            nothing="activate, trust, shell, env, exec, x",
            read="ls, list, current, doctor, where, which, outdated, latest, ls-remote, settings, tasks, config",
            use="run, r, watch",
        ),
        ":global",
        "",
        "mise.toml",
    ),
    "pod": Manager(
        _rows(
            install="update",
            keep="install",
            clean="deintegrate",
            read="outdated, list, search, env, spec lint, lib lint",
            nothing="init, cache, repo, setup",
            publish="trunk push",
            unpublish="trunk delete, trunk deprecate",
        ),
        "Pods",
        "Podfile.lock",
        "Podfile",
        "cocoapods",
    ),
    "swift": Manager(
        _rows(
            install="package update, package resolve",
            clean="package reset, package clean",
            use="build, test, run",
            add="package add-dependency",
            read="package describe, package show-dependencies, package dump-package",
        ),
        ".build",
        "Package.resolved",
        "Package.swift",
    ),
    "flutter": Manager(
        _rows(
            install="pub get, pub upgrade, pub downgrade",
            add="pub add, pub remove",
            clean="clean",
            use="build, test, run, analyze, drive",
            publish="pub publish",
            read="doctor, devices, pub outdated, pub deps, --version, config",
            global_="upgrade, channel, downgrade",
        ),
        ".dart_tool",
        "pubspec.lock",
        "pubspec.yaml",
        "pub",
    ),
    "dart": Manager(
        _rows(
            install="pub get, pub upgrade, pub downgrade",
            add="pub add, pub remove",
            use="run, test, compile, analyze",
            publish="pub publish",
            read="pub outdated, pub deps, info",
            global_="pub global activate, pub global deactivate",
        ),
        ".dart_tool",
        "pubspec.lock",
        "pubspec.yaml",
        "pub",
    ),
    "deno": Manager(
        _rows(
            install="install, i, cache",
            add="add, remove, uninstall",
            use="run, test, bench, compile, check, task, serve, eval",
            publish="publish",
            read="info, lint, doc, types, outdated, help, coverage",
            nothing="init, repl, completions, clean",
            global_="upgrade",
        ),
        "node_modules",
        "deno.lock",
        "deno.json",
        "jsr",
        ("--frozen",),
    ),
    "lerna": Manager(
        _rows(
            keep="bootstrap, link",
            clean="clean",
            publish="publish",
            version="version",
            use="run, exec",
            read="ls, list, ll, la, changed, diff, info",
            nothing="init, create, import, add-caching, repair",
        ),
        "node_modules",
        "package-lock.json",
        "package.json",
        "npm",
    ),
    "changeset": Manager(
        _rows(publish="publish", version="version", nothing="add, init, tag, pre", read="status"),
        "node_modules",
        "",
        "package.json",
        "npm",
        bare="add",
    ),
    "jsr": Manager(
        _rows(publish="publish", add="add, remove, install, i", read="show"), "node_modules", "", "package.json", "jsr"
    ),
    "vsce": Manager(
        _rows(
            publish="publish",
            unpublish="unpublish",
            nothing="package, login, logout, create-publisher",
            read="ls, show, search, verify-pat, ls-publishers",
        ),
        "node_modules",
        "",
        "package.json",
        "vscode",
    ),
    "ovsx": Manager(
        _rows(publish="publish", nothing="create-namespace, get, login", read="verify-pat"),
        "node_modules",
        "",
        "package.json",
        "openvsx",
    ),
    "goreleaser": Manager(
        _rows(publish="release", read="check, healthcheck, jsonschema", nothing="build, init, completion, changelog"),
        "dist",
        "",
        "go.mod",
        "go",
    ),
}
ALIASES = {
    "pip3": "pip",
    "uv-pip": "uv",
    "mamba": "conda",
    "micromamba": "conda",
    "apt-get": "apt",
    "aptitude": "apt",
    "yum": "dnf",
    "microdnf": "dnf",
    "zypper": "dnf",
    "gradlew": "gradle",
    "mvnw": "mvn",
    "bundler": "bundle",
    "yarnpkg": "yarn",
    "apt-cache": "apt",
    "rtx": "mise",
    "pnpx": "pnpm",
    "brew.sh": "brew",
}
#: Programs that release the package they stand in as soon as they run.
RELEASERS = frozenset(
    {"semantic-release", "np", "release-it", "standard-version", "release-please", "python-semantic-release"}
)
PYTHONS = frozenset({"python", "python3", "py", "pypy3", *(f"python3.{minor}" for minor in range(8, 16))})
_SINGLE = frozenset({"dpkg", "rpm", "pacman", "corepack", "npm-check-updates", "ncu", "n"})
_TEST_RUNNERS = frozenset(
    "vitest jest mocha ava playwright cypress tsc turbo nx webpack rollup esbuild tsup swc babel karma c8 nyc "
    "tsx ts-node rspec phpunit pytest tox nox mypy pyright".split()
)

PROGRAMS: frozenset[str] = frozenset(
    {*MANAGERS, *ALIASES, *RELEASERS, *PYTHONS, *_SINGLE, *_TEST_RUNNERS, "pip3.11", "pip3.12", "pip3.13"}
)


# ── where things are ──────────────────────────────────────────────────────────────────────────────────────────────


def _upwards(facts: Facts) -> list[str]:
    """From where one stands up to the working tree's root."""
    here, top = facts.cwd, facts.worktree
    found = [here]
    while top and here != top and here.startswith(top):
        here = places.parent(here)
        found.append(here)
    return found


def _nearest(facts: Facts, *names: str) -> str | None:
    """The nearest directory upwards that holds one of these files."""
    for directory in _upwards(facts):
        if any(name and facts.glob(f"{directory.rstrip('/')}/{name}") for name in names):
            return directory
    return None


_MEMBERS = re.compile(r"/(packages|apps|libs|services|modules|plugins|crates|tools)/")
_WORKSPACES = {"pnpm", "yarn", "bun", "lerna", "uv", "cargo"}


def lock_root(name: str, manager: Manager, facts: Facts) -> str:
    """The directory of the lock file: the workspace's root if there is one."""
    known = _nearest(facts, manager.lock, *(("bun.lockb",) if name == "bun" else ()))
    if known:
        return known
    project = _nearest(facts, manager.manifest) or facts.cwd
    top = places.root(facts)
    shared = facts.glob(f"{top}/{manager.manifest}") if manager.manifest else ()
    unsure = not shared and _nearest(facts, manager.manifest) is None
    member = bool(_MEMBERS.search(facts.cwd.removeprefix(top) + "/"))
    if (shared or unsure) and (name in _WORKSPACES or member):
        return top
    return project


def deps_key(facts: Facts, directory: str) -> str:
    """A dependency tree, by where it really lies."""
    return f"deps:{facts.machine}:{facts.real(directory)}"


def tree_touches(
    effect: str, name: str, manager: Manager, command: Command, words: Words, facts: Facts
) -> tuple[Touch, ...]:
    """The dependency trees that a manager writes or runs from here."""
    if manager.tree == ":global":
        return (_global(name, facts, effect),)
    if manager.tree == ":venv":
        return (Touch(_venv(name, command, words, facts), effect),)
    if manager.tree == ":conda":
        return (Touch(_conda(words, command, facts), effect),)
    base = lock_root(name, manager, facts)
    if name == "cargo":
        base = _variable(command, facts, "CARGO_TARGET_DIR") or words.value("--target-dir") or f"{base}/{manager.tree}"
        return (Touch(deps_key(facts, base), effect),)
    if name == "bundle" and (given := _variable(command, facts, "BUNDLE_PATH") or words.value("--path")):
        return (Touch(deps_key(facts, given), effect),)
    if effect != USES and (fresh := _unlinked(f"{base}/{manager.tree}", command, facts)):
        return (Touch(f"deps:{facts.machine}:{fresh}", effect),)
    found = [Touch(deps_key(facts, f"{base}/{manager.tree}"), effect)]
    if manager.tree != "node_modules":
        return tuple(found)
    project = _nearest(facts, manager.manifest) or facts.cwd
    if project != base and effect != USES:
        found.append(Touch(deps_key(facts, f"{project}/{manager.tree}"), effect))
    if effect in (REPLACES, DESTROYS):
        found += [
            Touch(_owner_of(facts, link), REPLACES)
            for link in facts.links_in(facts.real(f"{base}/{manager.tree}"))
            if not link.startswith(facts.real(base).rstrip("/") + "/")
        ]
    return tuple(dict.fromkeys(found))


def _unlinked(tree: str, command: Command, facts: Facts) -> str | None:
    """Where a tree lies that was a link until this line removed it: `rm node_modules && npm ci`."""
    from sidelight.effects import files

    place = files.real(tree, facts, follow=False)
    gone = (word for argv in command.before if argv[:1] in (("rm",), ("unlink",)) for word in argv[1:])
    return place if any(files.real(word, facts, follow=False) == place for word in gone) else None


def _owner_of(facts: Facts, link: str) -> str:
    """The dependency tree that a borrowed package lies in."""
    before, inside, _ = link.partition("/node_modules/")
    return f"deps:{facts.machine}:{before}/node_modules" if inside else f"deps:{facts.machine}:{link}/node_modules"


def _global(name: str, facts: Facts, effect: str) -> Touch:
    return Touch(f"deps:{facts.machine}:global:{name}", effect)


def _variable(command: Command, facts: Facts, name: str) -> str | None:
    return places.known(command.env.get(name) or facts.env.get(name))


_VENV_PROGRAM = re.compile(r"^(.+)/(?:bin|Scripts)/[^/]+$")
_SYSTEM_PREFIX = re.compile(
    r"^(/|/usr|/usr/local|/opt/homebrew|/opt/local|~/\.local|/home/[^/]+/\.local|/root/\.local|.*/shims)$"
)


def _venv(name: str, command: Command, words: Words, facts: Facts) -> str:
    """The environment that Python packages go to; the machine's own if there is no virtual one."""
    target = words.value("-t", "--target", "--prefix", "--root")
    if target and name in ("pip", "uv"):
        return deps_key(facts, target)
    spelled = _VENV_PROGRAM.match(command.program.replace("\\", "/"))
    python = words.value("--python")
    for program in (spelled[1] if spelled else None, _prefix_of(python)):
        if program and not _SYSTEM_PREFIX.match(program) and name in ("pip", "uv"):
            return deps_key(facts, program)
    told = (
        None if "sudo" in command.through or words.on("--user", "--system") else _told_environment(name, command, facts)
    )
    if told:
        return deps_key(facts, told)
    if name == "pip":
        for directory in _upwards(facts):
            for venv in (".venv", "venv", "env"):
                if facts.is_dir(f"{directory.rstrip('/')}/{venv}"):
                    return deps_key(facts, f"{directory}/{venv}")
        return _global("pip", facts, USES).key
    base = _nearest(
        facts, ".venv/pyvenv.cfg", *(filter(None, (MANAGERS[name].lock, MANAGERS[name].manifest)))
    ) or places.root(facts)
    return deps_key(facts, f"{base}/.venv")


def _prefix_of(python: str | None) -> str | None:
    found = _VENV_PROGRAM.match(python) if python else None
    return found[1] if found else None


def _told_environment(name: str, command: Command, facts: Facts) -> str | None:
    if name == "uv":
        own = _variable(command, facts, "UV_PROJECT_ENVIRONMENT")
        pip = command.argv[1:2] == ("pip",) or "--active" in command.argv
        return own or (_variable(command, facts, "VIRTUAL_ENV") if pip else None)
    return _variable(command, facts, "VIRTUAL_ENV") or (
        _variable(command, facts, "CONDA_PREFIX") if name == "pip" else None
    )


def _conda(words: Words, command: Command, facts: Facts) -> str:
    path = words.value("-p", "--prefix")
    if path:
        return deps_key(facts, path)
    name = words.value("-n", "--name") or _variable(command, facts, "CONDA_DEFAULT_ENV") or "base"
    return f"deps:{facts.machine}:conda:{name}"


# ── what happened ─────────────────────────────────────────────────────────────────────────────────────────────────


def _file(facts: Facts, path: str, effect: str = EDITS) -> Touch:
    return places.file_touch(facts, path, effect)


def _install(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """Dependencies come, go, or are laid anew."""
    base = lock_root(name, manager, facts)
    effect = DESTROYS if step == CLEAN else REPLACES
    touches: list[Touch] = []
    lock_alone = step == LOCK or words.on("--package-lock-only", "--lockfile-only", "--no-sync", "--no-install")
    builds = name in ("cargo", "go") and step == ADD  # their trees hold builds, their downloads are never changed
    if not lock_alone and not builds:
        touches += tree_touches(effect, name, manager, command, words, facts)
    frozen = step in (KEEP, CLEAN) or words.on(*manager.frozen) or _ci_default(name, command, facts)
    if manager.lock and not frozen:
        touches.append(_file(facts, f"{base}/{manager.lock}"))
        if name == "go":
            touches.append(_file(facts, f"{base}/{manager.manifest}"))
    if manager.manifest and (step == ADD or _names_packages(name, step, words)) and not words.on("--no-save"):
        project = _nearest(facts, manager.manifest) or facts.cwd
        touches.append(_file(facts, f"{project}/{manager.manifest}"))
    target = places.name_of(facts, targets.short(touches[0].key)) if touches else None
    return Effects(
        (Draft("deps-install", target, touches=tuple(dict.fromkeys(touches)), summary=places.summary(command)),)
    )


def _names_packages(name: str, step: str, words: Words) -> bool:
    """`npm install lodash` is an addition, `npm install` is not."""
    return (
        step == INSTALL
        and name in ("npm", "pnpm", "bun", "deno")
        and words.verb() in ("install", "i", "in")
        and len(words.plain) > 1
    )


def _ci_default(name: str, command: Command, facts: Facts) -> bool:
    """Pnpm and yarn keep the lock file as it is where CI is set."""
    return name in ("pnpm", "yarn") and bool(_variable(command, facts, "CI"))


def _global_step(name: str, words: Words, command: Command, facts: Facts) -> Effects:
    prefix = words.value("--root") if name == "cargo" else None
    touch = Touch(deps_key(facts, prefix), REPLACES) if prefix else _global(_PREFIX.get(name, name), facts, REPLACES)
    return Effects(
        (Draft("deps-install", targets.short(touch.key), touches=(touch,), summary=places.summary(command)),)
    )


_PREFIX = {"pipx": "pipx", "go": "go-bin", "mvn": "maven", "gradle": "maven", "composer": "composer", "uv": "uv"}


def _use(name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    if manager.tree == ":global":
        touches: tuple[Touch, ...] = (_global(name, facts, USES),)
    else:
        touches = tree_touches(USES, name, manager, command, words, facts)
    return Effects(
        (Draft("deps-use", targets.short(touches[0].key), touches=touches, summary=places.summary(command)),)
    )


def script(command: Command, facts: Facts) -> Effects | None:
    """A script of the project, or a tool that runs from its dependencies: what it is decides `processes`."""
    from sidelight.effects import processes

    return processes.read_script(command, facts)


_ARGUMENT_KINDS = {RETAG: ("package-retag", REPLACES), UNPUBLISH: ("package-unpublish", DESTROYS)}
_VERSIONED = re.compile(r"^(@?[^@]+)@")


def _registry_step(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """Packages are published, or what their tags and versions mean is changed, in the registry that is said."""
    kind, spelled = manager.registry, places.summary(command)
    depth = 2 if words.verb() in ("npm", "nuget", "trunk", "pub", "package") else 1
    registry = registry_named(kind, words, command, facts)
    relies = _login_used(name, manager, registry, command, facts)
    if step == PUBLISH:
        every = all_members(kind, facts) if name in ("lerna", "changeset") else ()
        names = every or package_names(kind, words, facts, depth)
        # Under a tag of its own the version that others get by default stays.
        beside = kind == "npm" and words.value("--tag", "--dist-tag") not in (None, "latest")
        effect = ADDS if beside else REPLACES
        return Effects((package_draft("package-publish", effect, registry, names, spelled, relies),))
    draft_kind, effect = _ARGUMENT_KINDS[step]
    arguments = [
        word for word in words.after(depth) if word not in ("add", "rm", "remove", "set", "public", "restricted", "ls")
    ]
    named = next((word for word in arguments if UNKNOWN not in word), None)
    match = _VERSIONED.match(named) if named else None
    package = (match[1] if match else named) or own_package(kind, facts)
    if name == "cargo" and step == RETAG:
        package = own_package(kind, facts)
    return Effects((package_draft(draft_kind, effect, registry, (package,), spelled, relies),))


def _login_used(name: str, manager: Manager, registry: str, command: Command, facts: Facts) -> tuple[Touch, ...]:
    if name not in _LOGINS:
        return ()
    return logins.used(_LOGINS[name], command, facts, registry if registry != manager.registry else None)


#: The managers that publish with the login of the machine, and whose it is.
_LOGINS = {"npm": "npm", "pnpm": "npm", "yarn": "yarn", "cargo": "cargo", "gem": "gem"}


def _version(name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects:
    """`npm version patch` edits the manifest, and commits and tags it."""
    if len(words.plain) < 2 and not words.has("--bump", "--new-version") and name not in ("lerna", "changeset"):
        return Effects(reads=True)
    project = _nearest(facts, manager.manifest) or facts.cwd
    touch = _file(facts, f"{project}/{manager.manifest}")
    drafts = [Draft("edit", manager.manifest, touches=(touch,), summary=places.summary(command))]
    commits = name in ("npm", "lerna") or (name == "yarn" and not _nearest(facts, ".yarnrc.yml"))
    if commits and facts.worktree and not words.on("--no-git-tag-version", "--no-commit"):
        takes = {"takes": "paths"}
        tree = Touch(targets.tree(facts.machine, facts.worktree), COMMITS, takes)
        drafts.append(
            Draft(
                "commit",
                manager.manifest,
                touches=(tree, touch._replace(effect=COMMITS)),
                summary=places.summary(command),
            )
        )
    return Effects(tuple(drafts))


# ── a manager's call ──────────────────────────────────────────────────────────────────────────────────────────────


def _managed(name: str, command: Command, facts: Facts) -> Effects | None:
    manager = MANAGERS[name]
    argv = tuple("--workspaces" if word == "-ws" else word for word in command.argv)  # npm's own two-letter switch
    words = split(argv, manager.valued.split(), long=name == "go")
    directory = words.value(*manager.here) if manager.here else None
    if directory and not words.on("-g", "--global") and UNKNOWN not in directory:
        facts = facts.at(facts.real(directory))
    found = _verb(name, manager, words)
    if found is None:
        return Effects(reads=True) if words.has("--version", "--help", "-v", "-h", "-V") or not words.plain else None
    step, words = found
    if words.on("--dry-run", "--dryrun", "--dry", "--simulate", "--just-print", "--help", "--check") and step not in (
        USE,
        SCRIPT,
    ):
        return Effects(reads=True)
    step = _turned(step, name, words)
    if words.on("-g", "--global") and step in (INSTALL, ADD, KEEP, CLEAN):
        step = GLOBAL
    return _do(step, name, manager, words, command, facts)


def _do(step: str, name: str, manager: Manager, words: Words, command: Command, facts: Facts) -> Effects | None:
    if step in (READ, NOTHING):
        return Effects(reads=step == READ)
    if step in (INSTALL, ADD, KEEP, CLEAN, LOCK):
        return _install(step, name, manager, words, command, facts)
    if step == GLOBAL:
        return _global_step(name, words, command, facts)
    if step == USE:
        return _use(name, manager, words, command, facts)
    if step == SCRIPT:
        return _project_script(name, words, command, facts)
    if step == VERSION:
        return _version(name, manager, words, command, facts)
    if step == LOGIN:
        registry = registry_named(manager.registry, words, command, facts)
        named = registry if registry != manager.registry else None
        effect = DESTROYS if "logout" in words.plain or "signout" in words.plain else REPLACES
        return logins.login(_LOGINS.get(name, name), command, facts, effect, named)
    if step == SWITCH:
        touch = _global(name, facts, SWITCHES)
        return Effects((Draft("context-switch", name, touches=(touch,), summary=places.summary(command)),))
    return _registry_step(step, name, manager, words, command, facts)


def _verb(name: str, manager: Manager, words: Words) -> tuple[str, Words] | None:
    """The step of a call, and the words with the verb first."""
    plain = words.plain
    if name == "yarn" and plain[:1] == ("workspace",) and len(plain) > 2:
        words = words._replace(plain=plain[2:], options=(*words.options, ("--workspace", plain[1])))
    elif name == "yarn" and plain[:1] == ("global",):
        return (READ if plain[1:2] in (("list",), ("dir",), ("bin",)) else GLOBAL), words
    elif name in ("pnpm", "npm") and plain[:1] in (("recursive",), ("multi",)):
        words = words._replace(plain=plain[1:])
    plain = words.plain or ((manager.bare,) if manager.bare else ())
    if name in ("mvn", "gradle", "mix"):
        return _goals(manager, words)
    for length in (3, 2, 1):
        key = " ".join(plain[:length])
        if len(plain) >= length and key in manager.verbs:
            return manager.verbs[key], words._replace(plain=plain)
    return (manager.anything, words) if plain and manager.anything else None


_WEIGHT = (READ, NOTHING, USE, INSTALL, GLOBAL, CLEAN, VERSION, PUBLISH)


def _goals(manager: Manager, words: Words) -> tuple[str, Words] | None:
    """Build tools take several goals at once, the heaviest counts; a Gradle task may name its project (`:core:x`)."""
    steps = [
        manager.verbs.get(word) or manager.verbs.get(word.rpartition(":")[2]) or manager.anything
        for word in words.plain
    ]
    found = [step for step in steps if step]
    return (max(found, key=lambda step: _WEIGHT.index(step) if step in _WEIGHT else 3), words) if found else None


class Turn(NamedTuple):
    """What an option (or a second word) makes of a verb."""

    name: str
    verb: str
    step: str
    options: tuple[str, ...] = ()
    second: tuple[str, ...] = ()


_TURNS = (
    Turn("go", "clean", CLEAN, ("-modcache",)),
    Turn("uv", "lock", READ, ("--check", "--locked")),
    Turn("npm", "pkg", READ, second=("get",)),
    Turn("npm", "audit", INSTALL, ("--fix",), ("fix",)),
    Turn("yarn", "audit", INSTALL, ("--fix",)),
    Turn("npm", "token", READ, second=("list", "ls", "")),
    Turn("goreleaser", "release", NOTHING, ("--snapshot", "--skip-publish")),
    Turn("poetry", "version", READ, ("-s", "--short")),
    Turn("cargo", "publish", READ, ("-n",)),
    Turn("cargo", "release", READ, ("-n",)),
    Turn("composer", "global", READ, second=("show", "outdated", "info")),
    Turn("uv", "sync", CLEAN, ("--reinstall",)),
    *(Turn("conda", verb, READ, ("-d",)) for verb in ("install", "update", "upgrade", "create", "remove", "uninstall")),
)


def _turned(step: str, name: str, words: Words) -> str:
    """The step of a verb with its options."""
    if name == "bundle" and words.verb() == "install" and not words.on(*MANAGERS["bundle"].frozen):
        return INSTALL
    for turn in _TURNS:
        named = name == turn.name and words.verb() == turn.verb
        if named and (words.on(*turn.options) or words.verb(1) in turn.second):
            return turn.step
    return step


def _project_script(name: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    """`npm run X`. Some names say by custom that they deploy or publish."""
    explicit = words.verb() in ("run", "run-script")
    task = words.verb(1) if explicit else words.verb()
    found = script(command, facts)
    if found and any(draft.kind not in ("deps-use", "command") for draft in found.drafts):
        return found  # its text is known
    if re.match(r"^(release|publish)(:|$)", task) and not task.endswith((":dry", ":dry-run", ":check")):
        manager = MANAGERS[name]
        return Effects(
            (
                package_draft(
                    "package-publish",
                    REPLACES,
                    manager.registry,
                    (own_package(manager.registry, facts),),
                    places.summary(command),
                ),
            )
        )
    if re.match(r"^deploy(?![a-z])", task):
        from sidelight.effects import infrastructure

        return infrastructure.deploy_script(task, words.after(2 if explicit else 1), command, facts)
    return found


# ── single programs ───────────────────────────────────────────────────────────────────────────────────────────────


def _python(command: Command, facts: Facts) -> Effects | None:
    """`python -m pip …`, `-m venv`, `-m build`, `-m twine`, `setup.py`."""
    rest = command.argv[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
    if rest[:1] == ("-m",) and len(rest) > 1:
        module, more = rest[1], rest[2:]
        if module in ("venv", "virtualenv"):
            words = split(("venv", *more), ("--prompt", "-p", "--python"))
            effect = DESTROYS if words.on("--clear") else REPLACES
            touches = tuple(Touch(deps_key(facts, path), effect) for path in words.plain)
            return Effects((Draft("deps-install", words.verb(), touches=touches, summary=places.summary(command)),))
        if module in ("pip", "uv", "poetry", "pdm", "pipenv", "twine", "hatch", "flit", "pipx", "conda"):
            return _managed(module, command._replace(argv=(module, *more)), facts)
        return Effects() if module == "build" else None
    if rest and rest[0].rpartition("/")[2] == "setup.py":
        return _setup_py(rest[1:], command, facts)
    return None


def _setup_py(verbs: tuple[str, ...], command: Command, facts: Facts) -> Effects | None:
    if "upload" in verbs:
        return Effects(
            (
                package_draft(
                    "package-publish", REPLACES, "pypi", (own_package("pypi", facts),), places.summary(command)
                ),
            )
        )
    if "install" in verbs or "develop" in verbs:
        return _install(KEEP, "pip", MANAGERS["pip"], split(command.argv), command, facts)
    return Effects() if verbs else None


def _system(command: Command, facts: Facts) -> Effects:
    """dpkg, rpm, pacman: the capital letters write."""
    letters = "".join(word for word in command.argv[1:] if word.startswith("-"))
    writes = {
        "dpkg": r"(^|-)(i|r|P)|--(install|remove|purge|configure)",
        "rpm": r"-(i|U|F|e)[vh]*|--(install|upgrade|erase)",
        "pacman": r"-(S(?!s|i|l|g|p)|R|U)|--(sync|remove|upgrade)",
    }
    if not re.search(writes[command.argv[0]], letters):
        return Effects(reads=True)
    return _global_step(command.argv[0], split(command.argv), command, facts)


def _ncu(command: Command, facts: Facts) -> Effects:
    words = split(command.argv, ("--packageFile", "--filter", "-f", "--target", "-t", "--reject", "-x"))
    if not words.on("-u", "--upgrade"):
        return Effects(reads=True)
    base = _nearest(facts, "package.json") or facts.cwd
    path = words.value("--packageFile") or f"{base}/package.json"
    return Effects((places.file_draft("edit", facts, path, EDITS, places.summary(command)),))


def _releaser(command: Command, facts: Facts) -> Effects:
    """Programs that publish where they stand."""
    words = split(command.argv, ("--branches", "--extends", "--preset", "-r", "--release-as", "--tag"))
    if words.on("--dry-run", "-d", "--help", "--version", "--preview", "--noop", "--changelog", "--release-version"):
        return Effects(reads=True)
    registry = "pypi" if "python" in command.argv[0] else "npm"
    return Effects(
        (
            package_draft(
                "package-publish", REPLACES, registry, (own_package(registry, facts),), places.summary(command)
            ),
        )
    )


def _brew_services(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv)
    if words.verb() != "services" or words.verb(1) not in ("stop", "restart", "kill", "start", "run"):
        return None
    name = words.verb(2) or "any"
    effect = USES if words.verb(1) in ("start", "run") else DESTROYS
    kind = "server-start" if effect == USES else "process-kill"
    value = name if effect == USES else {"pattern": name.partition("@")[0], "full": True, "exact": False}
    key = f"process:{facts.machine}:{name}" if effect == USES else f"process:{facts.machine}"
    return Effects((Draft(kind, name, touches=(Touch(key, effect, value),), summary=places.summary(command)),))


def _corepack(command: Command, facts: Facts) -> Effects:
    return _global_step("corepack", split(command.argv), command, facts)


def _gradle_stop(command: Command, facts: Facts) -> Effects | None:
    """`gradle --stop` ends every Gradle daemon of this version on the machine."""
    if "--stop" not in command.argv:
        return None
    value = {"pattern": "GradleDaemon", "full": True, "exact": False}
    touch = Touch(f"process:{facts.machine}", DESTROYS, value)
    return Effects((Draft("process-kill", "Gradle daemons", touches=(touch,), summary=places.summary(command)),))


_FIRST: dict[str, Callable[[Command, Facts], Effects | None]] = {"brew": _brew_services, "gradle": _gradle_stop}
_ALONE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    **dict.fromkeys(PYTHONS, _python),
    **dict.fromkeys(("dpkg", "rpm", "pacman"), _system),
    **dict.fromkeys(("ncu", "npm-check-updates"), _ncu),
    **dict.fromkeys(RELEASERS, _releaser),
    **dict.fromkeys(("corepack", "n"), _corepack),
    **dict.fromkeys(_TEST_RUNNERS, script),
}


def read(command: Command, facts: Facts) -> Effects | None:
    """What a package manager does, None if it is not understood."""
    program = command.argv[0]
    if re.fullmatch(r"pip3\.\d+", program):
        program = "pip"
    name = ALIASES.get(program, program)
    first = _FIRST.get(name)
    found = first(command, facts) if first else None
    if found is not None:
        return found
    if name in MANAGERS:
        return _managed(name, command, facts)
    alone = _ALONE.get(program)
    return (Effects(reads=True) if reads.is_read(command) else alone(command, facts)) if alone else None
