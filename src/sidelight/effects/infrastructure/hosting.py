"""Hosts of applications: Fly, Heroku, Vercel, Netlify, Cloudflare, Firebase, Railway, Render, Kamal and others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight.actions import DESTROYS, EDITS, REPLACES, Touch
from sidelight.effects import Command, Effects, logins, places
from sidelight.effects.infrastructure.changes import (
    CLOUD_GONE,
    NOTHING,
    READS,
    changed,
    deploy,
    drafted,
    lookup,
    rows,
    secret_of,
    variable,
)
from sidelight.effects.options import Words, split
from sidelight.facts import Facts


def _file_value(facts: Facts, path: str, pattern: str) -> str | None:
    found = re.search(pattern, facts.read(path) or "", re.MULTILINE)
    return found[1] if found else None


def fly(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -c --config -r --region -i --image -t --access-token -o --org -s -m --vm-size --strategy -e --env "
        "--dockerfile --build-arg -C --command --signal --count".split(),
    )
    config = words.value("-c", "--config") or "fly.toml"
    app = words.value("-a", "--app") or _file_value(facts, config, r"^app\s*=\s*['\"]([^'\"]+)") or ""
    stage = (
        places.stage_of(words.value("-a", "--app"))
        or places.stage_of(config.removesuffix(".toml"))
        or places.stage_of(app)
        or "prod"
    )
    own = [Touch(f"service:fly/{app}", REPLACES)] if app else []
    verb, second = words.verb(), words.verb(1)
    if verb in ("deploy", "launch"):
        return NOTHING if words.on("--build-only") else deploy(stage, command, facts, own, on=("fly", app))
    if verb == "auth":
        return (
            READS
            if second in ("whoami", "token", "docker")
            else logins.login("fly", command, facts, DESTROYS if second == "logout" else REPLACES)
        )
    if verb == "secrets":
        return READS if second in ("list", "ls", "") else secret_of(["fly", app], words.after(2), command)
    if verb in (
        "status",
        "logs",
        "info",
        "version",
        "doctor",
        "platform",
        "releases",
        "dashboard",
        "open",
        "history",
        "list",
        "ping",
        "dig",
    ) or (
        second
        in (
            "list",
            "ls",
            "show",
            "status",
            "info",
            "logs",
            "open",
            "check",
            "releases",
            "help",
            "view",
            "validate",
            "export",
        )
    ):
        return READS
    if verb in ("ssh", "proxy", "sftp", "console", "agent", "config", "docs", "wireguard", "tokens"):
        return NOTHING
    if verb in (
        "scale",
        "machine",
        "machines",
        "m",
        "apps",
        "app",
        "volumes",
        "volume",
        "postgres",
        "pg",
        "ips",
        "certs",
        "restart",
        "suspend",
        "destroy",
        "resume",
    ):
        acts = (
            second
            if verb
            in ("machine", "machines", "m", "apps", "app", "volumes", "volume", "postgres", "pg", "ips", "certs")
            else verb
        )
        gone = bool(CLOUD_GONE.match(acts)) or acts == "suspend" or (verb == "scale" and words.verb(2) == "0")
        named = app or (words.verb(2) if verb in ("apps", "app") else words.verb(1) if verb == "destroy" else "")
        return changed(["fly", named or places.repository(facts)], DESTROYS if gone else REPLACES, command)
    return None


def heroku(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-a --app -r --remote -t --team -s --size -n --num --confirm --space -c --pipeline --to -p".split(),
    )
    app = (
        words.value("-a", "--app")
        or words.value("-r", "--remote")
        or variable(command, facts, "HEROKU_APP")
        or places.repository(facts)
    )
    task = words.verb()
    group, _, verb = task.partition(":")
    if group in ("login", "logout") or (group == "auth" and verb in ("login", "logout", "2fa")):
        return logins.login("heroku", command, facts, DESTROYS if "logout" in task else REPLACES)
    if group == "pg" and verb in ("reset", "copy", "push", "backups:restore", "promote", "killall", "kill"):
        return drafted("db-reset", f"heroku/{app}", [Touch(f"db:heroku/{app}", DESTROYS)], command)
    if group == "pg" and verb in ("psql", ""):
        sql_text = words.value("-c", "--command")
        return (
            _sql([sql_text] if sql_text else [command.stdin], f"db:heroku/{app}", app, command, facts)
            if sql_text or command.stdin
            else READS
            if not verb
            else None
        )
    if group == "config" and verb in ("set", "unset", "add", "remove", "edit"):
        found = secret_of(["heroku", app], words.after(1), command)
        return logins.relying(found, (Touch(f"service:heroku/{app}", EDITS),))
    if group in ("run", "ps") and verb in ("exec", "copy", "forward", "") and group == "run":
        return NOTHING
    reads = (
        "",
        "info",
        "get",
        "wait",
        "diagnose",
        "output",
        "logs",
        "ps",
        "locks",
        "list",
        "credentials",
        "backups",
        "backups:info",
        "backups:url",
        "open",
    )
    if verb in reads and group not in ("maintenance", "restart", "scale", "rollback", "container"):
        return READS
    gone = (
        verb in ("destroy", "stop", "delete", "remove")
        or task == "maintenance:on"
        or any(word.endswith("=0") for word in words.plain[1:])
    )
    return changed(["heroku", app], DESTROYS if gone else REPLACES, command)


def _sql(texts: Sequence[str | None], key: str, name: str, command: Command, facts: Facts) -> Effects:
    from sidelight.effects.databases import bases, queries, shells

    return queries.sql_effects(texts, bases.Base(key, name), shells.SHELLS["psql"], command, facts)


def vercel(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-t --token -S --scope --cwd -A --local-config -e --env -b --build-env -m --meta --target --regions -n --name "
        "-T --team".split(),
    )
    verb = words.verb()
    here = f"{words.value('--cwd') or '.'}/.vercel/project.json"
    on = ("vercel", _file_value(facts, here, r"\"projectName\"\s*:\s*\"([^\"]+)"))
    production = words.on("--prod", "--production") or places.stage_of(words.value("--target")) == "prod"
    known = lookup(_VERCEL, words.plain)
    step = known[0] if known else "deploy" if not verb or facts.is_dir(verb) or "/" in verb or verb == "." else None
    if step == "deploy":
        looks = words.has("--version", "--help", "-v", "-h")
        return READS if looks else deploy("prod" if production else "preview", command, facts, on=on)
    if step in ("promote", "gone"):
        return deploy("prod", command, facts, effect=DESTROYS if step == "gone" else REPLACES, on=on)
    if step == "hidden":
        return secret_of([places.repository(facts), "vercel"], words.after(2)[:1], command)
    if step == "pull":
        file = words.verb(2) if verb == "env" else ".vercel/.env.development.local"
        return Effects((places.file_draft("write", facts, file or ".env.local", REPLACES, places.summary(command)),))
    if step in ("login", "switch"):
        return logins.login("vercel", command, facts) if step == "login" else logins.switch("vercel", command, facts)
    return Effects(reads=step == "read") if step in ("read", "none") else None


_VERCEL = rows(
    deploy="deploy",
    promote="promote, rollback, alias, alias set, rolling-release",
    gone="remove, rm, alias rm, project rm, domains rm",
    hidden="env add, env rm, env remove, env update, secrets add, secrets rm",
    pull="env pull",
    login="login, logout",
    switch="switch",
    read="ls, list, inspect, logs, log, whoami, env ls, env list, project ls, domains ls, alias ls, certs ls, teams "
    "ls, help, dns ls, history, "
    "promote status, rollback status, bisect, target ls, project inspect, domains inspect",
    none="build, link, init, pull, redeploy, git, telemetry, open, cache, blob, project add, dns, certs, domains",
)


def netlify(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-s --site -d --dir -m --message -a --auth -f --functions --alias --context -t --filter".split()
    )
    verb = words.verb()
    on = ("netlify", words.value("-s", "--site"))
    if verb == "deploy":
        stage = "prod" if words.on("--prod", "-p", "--prodIfUnlocked", "--prod-if-unlocked") else "preview"
        return deploy(stage, command, facts, on=on)
    if verb in ("env:set", "env:unset", "env:import", "env:clone"):
        return secret_of([places.repository(facts), "netlify"], words.after(1)[:1], command)
    if verb in ("login", "logout", "switch"):
        return logins.switch("netlify", command, facts) if verb == "switch" else logins.login("netlify", command, facts)
    if verb in ("sites:delete", "blobs:delete", "rollback", "unlink", "api"):
        return (
            deploy("prod", command, facts, effect=REPLACES if verb == "rollback" else DESTROYS, on=on)
            if verb not in ("unlink", "api")
            else NOTHING
        )
    reads = (
        "status",
        "sites:list",
        "env:list",
        "env:get",
        "logs",
        "logs:function",
        "logs:deploy",
        "open",
        "help",
        "watch",
        "status:hooks",
        "functions:list",
        "blobs:get",
        "blobs:list",
    )
    return (
        READS
        if verb in reads or words.has("--version", "--help")
        else NOTHING
        if verb in ("build", "link", "init", "sites:create")
        else None
    )


def wrangler(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-e --env -c --config --name --branch --project-name --commit-message --file --command --binding "
        "--namespace-id "
        "--path --database --message --tag --var --dir -J --cwd --preview-id --ttl --expiration".split(),
    )
    config = words.value("-c", "--config")
    worker = words.value("--name", "--project-name") or next(
        (
            name
            for file in (config, "wrangler.toml", "wrangler.jsonc", "wrangler.json")
            if file and (name := _file_value(facts, file, r"^\s*\"?name\"?\s*[=:]\s*\"([^\"]+)"))
        ),
        None,
    )
    stage = places.stage_of(words.value("-e", "--env")) or words.value("-e", "--env") or "prod"
    own = [Touch(f"service:cloudflare/{worker}" + ("" if stage == "prod" else f"-{stage}"), REPLACES)] if worker else []
    plain, on = words.plain, ("cloudflare", worker)
    if words.on("--dry-run", "--help", "--version"):
        return READS
    if plain[:1] in (("deploy",), ("publish",), ("rollback",)) or plain[:2] in (
        ("versions", "deploy"),
        ("triggers", "deploy"),
    ):
        return deploy(stage, command, facts, own, on=on)
    if plain[:2] in (("pages", "deploy"), ("pages", "publish")):
        branch = words.value("--branch") or facts.branch
        stage = "prod" if branch in ("main", "master", "production", None) else "preview"
        return deploy(stage, command, facts, own, on=on)
    if plain[:1] == ("d1",):
        return _d1(words, command, facts)
    if "secret" in plain[:3]:
        place = plain.index("secret")
        return (
            READS
            if plain[place + 1 : place + 2] in (("list",), ())
            else secret_of(["cloudflare", worker or places.repository(facts)], plain[place + 2 : place + 3], command)
        )
    if plain[:1] in (("login",), ("logout",)):
        return logins.login("wrangler", command, facts)
    if plain[:1] == ("delete",):
        return changed(["cloudflare", worker or places.repository(facts)], DESTROYS, command)
    if plain[:1] in (("tail",), ("whoami",), ("docs",), ("check",)) or {"list", "get", "info", "status", "view"} & set(
        plain[1:4]
    ):
        return READS
    if plain[:1] in (("kv",), ("r2",), ("queues",), ("vectorize",), ("hyperdrive",)):
        gone = {"delete", "purge", "bulk delete"} & set(plain)
        name = words.value("--binding", "--namespace-id") or (plain[3] if len(plain) > 3 else plain[0])
        return changed(["cloudflare", plain[0], name], DESTROYS if gone else EDITS, command)
    return (
        NOTHING if plain[:1] in (("types",), ("init",), ("generate",), ("build",), ("versions",), ("pages",)) else None
    )


def _d1(words: Words, command: Command, facts: Facts) -> Effects | None:
    """Cloudflare's SQL databases: local ones lie below `.wrangler`."""
    plain = words.plain
    name = plain[3] if plain[1:2] == ("migrations",) and len(plain) > 3 else words.verb(2)
    key = (
        f"db:cloudflare/{name}"
        if words.on("--remote") or plain[1:2] in (("delete",), ("time-travel",))
        else f"db:{places.local_repository(facts)}/d1-{name}"
    )
    if plain[1:2] == ("execute",):
        file = words.value("--file")
        return _sql(
            [words.value("--command")] if words.value("--command") else [facts.read(file) if file else None],
            key,
            name,
            command,
            facts,
        )
    if plain[1:3] == ("migrations", "apply"):
        return drafted("db-migrate", name, [Touch(key, EDITS)], command)
    if plain[1:2] == ("delete",) or plain[1:3] == ("time-travel", "restore"):
        return drafted("db-reset", name, [Touch(key, DESTROYS)], command)
    return NOTHING if plain[1:2] in (("create",), ("export",)) or "create" in plain else READS


def firebase(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-P --project --only --except -m --message --token -c --config --account -e --expires".split()
    )
    project = words.value("-P", "--project")
    stage = places.stage_of(project) or "prod"
    verb, on = words.verb(), ("firebase", project)
    own = [Touch(f"service:firebase/{project}", REPLACES)] if project else [*logins.used("firebase", command, facts)]
    if verb == "deploy":
        return READS if words.on("--dry-run") else deploy(stage, command, facts, own, on=on)
    if verb == "hosting:channel:deploy":
        return deploy("preview", command, facts, on=on)
    if verb == "hosting:clone":
        return deploy(stage, command, facts, on=on)
    if verb == "use":
        return logins.switch("firebase", command, facts) if words.verb(1) else READS
    if verb in ("login", "logout", "login:ci", "login:add", "login:use"):
        return logins.login("firebase", command, facts)
    if verb in (
        "firestore:delete",
        "database:remove",
        "database:set",
        "database:update",
        "auth:import",
        "database:push",
        "firestore:databases:delete",
    ):
        kind, effect = (
            ("db-write", EDITS)
            if verb in ("database:update", "database:push", "auth:import")
            else ("db-reset", DESTROYS)
        )
        return drafted(
            kind, project or "firebase", [Touch(f"db:firebase/{project or places.repository(facts)}", effect)], command
        )
    if verb in ("functions:secrets:set", "functions:secrets:destroy", "functions:config:set", "functions:config:unset"):
        return secret_of(["firebase", project or places.repository(facts)], words.after(1)[:1], command)
    if verb in ("functions:delete", "hosting:disable", "hosting:channel:delete", "apphosting:backends:delete"):
        return changed(["firebase", project or places.repository(facts)], DESTROYS, command)
    reads = (":list", ":get", ":log", ":info", ":export")
    return (
        READS
        if verb.endswith(reads)
        or verb in ("projects:list", "help", "functions:log", "functions:secrets:access")
        or words.has("--version", "--help")
        else None
    )


def railway(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, "-s --service -e --environment --set -p --project --skip-deploys".split())
    stage = places.stage_of(words.value("-e", "--environment")) or words.value("-e", "--environment") or "prod"
    verb, on = words.verb(), ("railway", words.value("-s", "--service"))
    if verb in ("up", "redeploy", "deploy"):
        return deploy(stage, command, facts, on=on)
    if verb == "down":
        return deploy(stage, command, facts, effect=DESTROYS, on=on)
    if verb in ("variables", "variable", "vars"):
        return (
            secret_of([places.repository(facts), "railway"], words.values("--set"), command)
            if words.has("--set")
            else READS
        )
    if verb in ("environment", "link", "service", "unlink", "env"):
        gone = words.verb(1) == "delete"
        return (
            changed([places.repository(facts), words.verb(2)], DESTROYS, command)
            if gone
            else logins.switch("railway", command, facts)
        )
    if verb in ("login", "logout"):
        return logins.login("railway", command, facts)
    return (
        READS
        if verb in ("logs", "status", "list", "whoami", "domain", "open", "docs")
        else NOTHING
        if verb in ("run", "shell", "connect", "init", "ssh")
        else None
    )


def render(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-o", "--output", "--commit", "--image"))
    plain = words.plain
    if plain[:2] in (
        ("deploys", "create"),
        ("services", "restart"),
        ("restart",),
        ("deploys", "cancel"),
        ("jobs", "create"),
    ):
        return changed(["render", plain[2] if len(plain) > 2 else places.repository(facts)], REPLACES, command)
    return (
        READS
        if {"list", "logs", "services", "whoami"} & set(plain)
        else logins.login("render", command, facts)
        if plain[:1] == ("login",)
        else None
    )


def kamal(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv, "-d --destination -c --config-file -v --version -h --hosts -r --roles -m --message -P".split()
    )
    stage = places.stage_of(words.value("-d", "--destination")) or words.value("-d", "--destination") or "prod"
    verb, second = words.verb(), words.verb(1)
    if verb in ("deploy", "redeploy", "rollback", "setup"):
        return deploy(stage, command, facts)
    if verb == "remove" or (
        verb in ("app", "accessory", "proxy", "traefik") and second in ("stop", "remove", "restart", "reboot")
    ):
        return deploy(stage, command, facts, effect=DESTROYS)
    if (verb, second) == ("lock", "release"):
        return drafted(
            "infra-unlock", "deploy lock", [Touch(f"service:{places.repository(facts)}/{stage}", DESTROYS)], command
        )
    if verb in ("app", "accessory", "proxy", "traefik") and second in ("boot", "start", "exec", "maintenance", "live"):
        return deploy(stage, command, facts) if second in ("boot", "start", "maintenance", "live") else NOTHING
    reads = verb in ("details", "audit", "config", "version", "help", "docs") or second in (
        "logs",
        "details",
        "containers",
        "images",
        "status",
        "version",
    )
    return (
        READS
        if reads
        else NOTHING
        if verb in ("build", "init", "registry", "secrets", "server", "prune", "lock", "env")
        else None
    )


def capistrano(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-s", "-f", "-r", "-z", "--hosts"))
    if words.has("-T", "--tasks", "-n", "--dry-run", "-P", "-D", "--version", "--help"):
        return READS
    if any(word.partition(":")[0] in ("deploy", "puma", "sidekiq", "maintenance", "unicorn") for word in words.plain):
        return deploy(places.stage_of(words.verb()) or words.verb(), command, facts)
    return READS if any(word in ("doctor", "install", "deploy:check") for word in words.plain) else None


def eb(command: Command, facts: Facts) -> Effects | None:
    """Elastic Beanstalk."""
    words = split(command.argv, ("-r", "--region", "--profile", "-l", "--label", "-m"))
    verb, name = words.verb(), words.verb(1)
    if verb in ("deploy", "swap", "restore", "upgrade", "scale", "setenv", "config", "terminate", "abort"):
        effect = DESTROYS if verb in ("terminate", "abort") else REPLACES
        own = [Touch(f"service:elasticbeanstalk/{name}", effect)] if name else []
        return deploy(places.stage_of(name) or "prod", command, facts, own, effect)
    return (
        logins.switch("eb", command, facts)
        if verb == "use"
        else READS
        if verb in ("status", "health", "list", "logs", "events", "printenv")
        else None
    )
