"""The package managers, one table each: verb → step. What a step does, says `packages`."""

from __future__ import annotations

from sidelight.records import NamedTuple


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
        anything="script",
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
        anything="script",
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
        anything="script",
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
        anything="use",
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
        anything="use",
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
