"""Keepers of secrets: Vault, Doppler, 1Password, SOPS."""

from __future__ import annotations

from collections.abc import Sequence

from sidelight import targets
from sidelight.actions import DESTROYS, EDITS, REPLACES, USES, Touch
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.forge.calls import NOTHING, READS, Call, login, secret_effect
from sidelight.effects.options import Words, split
from sidelight.facts import Facts


def _secret(call: Call, keys: Sequence[str], effect: str = DESTROYS) -> Effects:
    """Secrets are given another value (REPLACES) or taken away."""
    return call.one("secret-rotate", keys[0] if keys else None, *(Touch(f"secret:{key}", effect) for key in keys))


def _vault_server(words: Words, command: Command, facts: Facts) -> str:
    """`vault`, with the server and the namespace where they are said: two servers hold two secrets."""
    address = words.value("-address") or logins.variable(command, facts, "VAULT_ADDR", "BAO_ADDR") or ""
    namespace = words.value("-namespace", "-ns") or logins.variable(command, facts, "VAULT_NAMESPACE")
    server = targets.local_server(address.partition("://")[2] or address, facts.machine).strip("/")
    return (f"vault@{server}" if server else "vault") + (f"/{namespace.strip('/')}" if namespace else "")


def vault(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        "-mount -address -namespace -ns -format -field -method -path -versions -ttl -policy".split(),
        long=True,
    )
    plain = words.plain
    call = Call("vault", words, command, facts)
    if plain[:1] == ("login",) or plain[:2] == ("token", "revoke"):
        return login("vault", call, DESTROYS if plain[0] == "token" else REPLACES)
    if plain[:2] in (("token", "lookup"), ("token", "renew"), ("token", "create"), ("token", "capabilities")):
        return READS
    group = plain[0] if plain else ""
    verb = (
        " ".join(plain[1:3])
        if group == "kv" and plain[1:2] == ("metadata",)
        else plain[1]
        if group == "kv" and len(plain) > 1
        else group
    )
    if verb in ("get", "list", "read", "status", "version", "metadata get", "print", "path-help", "") or (
        group in ("status", "audit", "policy") and plain[1:2] in (("list",), ("read",), ())
    ):
        return READS
    start = {"kv": 3 if verb.startswith("metadata") else 2}.get(group, 1)
    if group in ("secrets", "auth", "lease", "policy", "operator", "audit"):
        if plain[1:2] in (("list",), ("read",), ("help",), ("lookup",)):
            return READS
        start = 2
    rest = [word for word in words.after(start) if UNKNOWN not in word]
    mount = words.value("-mount")
    where = (_vault_server(words, command, facts), mount, rest[0] if rest else None)
    effect = REPLACES if verb in ("put", "patch", "write", "metadata put", "metadata patch", "undelete") else DESTROYS
    found = _secret(call, ["/".join(part.strip("/") for part in where if part)], effect)
    files = [word.partition("=")[2] if "=" in word else word for word in rest[1:]]
    used = [
        places.file_draft("file-use", facts, word[1:], USES, places.summary(command))
        for word in files
        if word.startswith("@")
    ]
    return found._replace(drafts=(*found.drafts, *used))


def doppler(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, ("-p", "--project", "-c", "--config", "--token", "--scope", "--name"))
    call = Call("doppler", words, command, facts)
    group, verb = words.verb(), words.verb(1)
    project = words.value("-p", "--project") or (words.verb(2) if group == "projects" else None)
    config = words.value("-c", "--config") or (words.verb(2) if group == "configs" else None)
    where = "/".join(part for part in ("doppler", project, config) if part)
    if group == "secrets" and verb in ("set", "delete", "upload", "substitute", "notes"):
        names = [name.partition("=")[0] for name in words.after(2) if UNKNOWN not in name] if verb != "upload" else []
        effect = secret_effect(verb)
        return _secret(call, [f"{where}/{name}" for name in names] or [where], effect)
    if group in ("login", "logout"):
        return login("doppler", call, DESTROYS if group == "logout" else REPLACES)
    if group in ("setup", "configure") and verb not in ("get", "options", "debug", ""):
        return logins.switch("doppler", command, facts)
    if group == "setup":
        return logins.switch("doppler", command, facts)
    if verb in ("delete", "rename", "revoke", "update", "lock", "unlock", "clone", "rollback"):
        return _secret(call, [where])
    return (
        READS
        if group in ("secrets", "me", "projects", "configs", "environments", "activity", "configure", "settings")
        else None
    )


def op(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        (
            "--vault",
            "--account",
            "--category",
            "--title",
            "--template",
            "--fields",
            "--format",
            "--tags",
            "--url",
            "-o",
            "-f",
            "-i",
        ),
    )
    call = Call("op", words, command, facts)
    group, verb, name = words.verb(), words.verb(1), words.verb(2)
    if group in ("signin", "signout"):
        return login("op", call, DESTROYS if group == "signout" else REPLACES)
    if verb in ("edit", "delete", "move", "rotate", "revoke") and group in (
        "item",
        "document",
        "vault",
        "service-account",
        "connect",
        "user",
        "group",
    ):
        return _secret(call, ["/".join(part for part in ("op", words.value("--vault"), name) if part)])
    if verb == "create":
        return NOTHING
    return (
        READS
        if group in ("read", "item", "vault", "whoami", "document", "account", "user", "group", "inject")
        or words.has("--version")
        else None
    )


def sops(command: Command, facts: Facts) -> Effects | None:
    """An encrypted file, changed in place."""
    words = split(
        command.argv,
        ("--output", "--age", "--pgp", "--kms", "--set", "--input-type", "--output-type", "--config", "--extract"),
    )
    verb = words.verb()
    file = next((word for word in words.plain if "." in word and UNKNOWN not in word), None)
    if (
        verb in ("exec-env", "exec-file", "publish", "keyservice", "filestatus", "decrypt")
        and not words.on("-i", "--in-place")
    ) or (words.has("-d", "--decrypt") and not words.on("-i", "--in-place")):
        return READS
    if file is None:
        return READS if words.has("--version", "--help") else None
    writes = (
        words.on("-i", "--in-place", "-r", "--rotate")
        or words.has("--set")
        or verb in ("edit", "set", "unset", "updatekeys", "rotate")
        or verb == file
    )
    return Effects((places.file_draft("edit", facts, file, EDITS, places.summary(command)),)) if writes else READS
