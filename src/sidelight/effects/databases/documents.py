"""MongoDB, Redis and BigQuery."""

from __future__ import annotations

import re

from sidelight import targets
from sidelight.actions import DESTROYS, EDITS, Draft, Touch
from sidelight.effects import Command, Effects, places
from sidelight.effects.databases.bases import Base, base_at, base_of_url, drafts_of, server, variable_of
from sidelight.effects.databases.queries import SQLITE, fed, sql_effects
from sidelight.effects.databases.shells import MONGO_PORT, MONGO_TOOLS, REDIS_PORT
from sidelight.effects.databases.steps import READ, RESET, STOP, STRENGTH, WRITE
from sidelight.effects.options import Words, split
from sidelight.facts import Facts

_JS_RESET = re.compile(
    r"\b(dropDatabase|drop|dropCollection|dropUser)\s*\(|\b(deleteMany|remove)\s*\(\s*(\{\s*\})?\s*\)"
)
_JS_KILL = re.compile(r"\b(shutdownServer|killOp|fsyncLock)\s*\(")
_JS_WRITE = re.compile(
    r"\b(insert\w*|update\w*|delete\w*|replace\w*|remove|save|bulkWrite|findOneAnd\w+|findAndModify|create\w+|"
    r"renameCollection|"
    r"drop\w+|runCommand|adminCommand|grant\w+|revoke\w+|load|initiate|reconfig|stepDown|enableSharding|"
    r"shardCollection)\s*\(|"
    r"\$(out|merge)\b"
)
_JS_STRING = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_JS_READ_COMMANDS = re.compile(
    r"(runCommand|adminCommand)\s*\(\s*(\{\s*)?['\"]?(ping|hello|isMaster|dbStats|serverStatus|listDatabases|buildInfo|"
    r"collStats|getParameter|connectionStatus|explain|listCollections)\b[^)]*\)"
)


def mongo(command: Command, facts: Facts) -> Effects | None:
    words = split(
        command.argv,
        {
            "--eval",
            "--host",
            "--port",
            "-u",
            "--username",
            "-p",
            "--password",
            "-f",
            "--file",
            "--authenticationDatabase",
        },
    )
    if words.has("--version", "--help"):
        return Effects(reads=True)
    plain = list(words.plain)
    scripts = [word for word in plain if word.endswith((".js", ".mongodb"))] + list(words.values("-f", "--file"))
    texts: list[str | None] = [*words.values("--eval"), *(facts.read(script) for script in scripts)]
    texts = texts or fed(command, facts)
    if not texts:
        return None
    where = next((word for word in plain if word not in scripts), "")
    base = _mongo_base(where, words, command, facts)
    step = READ
    for text in texts:
        step = max(step, _js_step(text), key=STRENGTH.index)
    return drafts_of(step, [base], f"{command.argv[0]} {base.name}: {step}"[:80], facts)


def _js_step(text: str | None) -> str:
    if text is None:
        return WRITE
    code = _JS_STRING.sub(lambda found: "''" if found[0][0] in "'\"" else " ", _JS_READ_COMMANDS.sub("0", text))
    if _JS_KILL.search(code):
        return STOP
    if _JS_RESET.search(code):
        return RESET
    return WRITE if _JS_WRITE.search(code) or "$out" in text or "$merge" in text else READ


def _mongo_base(where: str, words: Words, command: Command, facts: Facts) -> Base:
    url = words.value("--uri") or where
    if "://" in url:
        found = base_of_url(command, facts, url.replace("mongodb+srv:", "mongodb:"))
        if found:
            return found
    host, _, name = url.rpartition("/")
    host, _, port = host.partition(":")
    name = words.value("-d", "--db") or name
    return base_at(
        command, facts, words.value("--host") or host, words.value("--port") or port or MONGO_PORT, name or "test"
    )


def mongo_tool(command: Command, facts: Facts) -> Effects:
    step = MONGO_TOOLS[command.argv[0]]
    words = split(
        command.argv,
        {
            "--uri",
            "--host",
            "-h",
            "--port",
            "-d",
            "--db",
            "-c",
            "--collection",
            "-o",
            "--out",
            "-u",
            "--username",
            "-p",
            "--password",
            "--file",
            "--dir",
            "--archive",
            "--nsInclude",
            "-q",
            "--query",
        },
    )
    if words.on("--dryRun", "--version", "--help"):
        return Effects(reads=True)
    if step == WRITE and words.has("--drop"):
        step = RESET
    return drafts_of(step, [_mongo_base("", words, command, facts)], places.summary(command), facts)


_REDIS_READS = frozenset(
    "get mget strlen exists ttl pttl type keys scan sscan hscan zscan hget hgetall hmget hkeys hvals hlen hexists "
    "lrange "
    "llen lindex smembers scard sismember zrange zrevrange zcard zscore zrangebyscore zcount zrank getrange getbit "
    "bitcount "
    "dbsize info ping echo time lastsave monitor randomkey object memory slowlog xrange xlen xinfo xread xpending "
    "pubsub "
    "subscribe psubscribe role command latency dump touch wait readonly hello auth select quit lpos srandmember "
    "hrandfield "
    "zrangebylex zmscore geopos geodist expiretime module acl json.get ft.search ft.info".split()
)
_REDIS_READ_SUB = {
    "config": ("get",),
    "client": ("list", "info", "getname", "id", "setname"),
    "script": ("exists",),
    "cluster": ("info", "nodes", "slots", "shards", "keyslot"),
    "function": ("list", "stats", "dump"),
    "acl": ("list", "whoami", "users", "cat", "getuser"),
    "slowlog": ("get", "len"),
    "memory": ("usage", "stats", "doctor"),
    "module": ("list",),
    "latency": ("latest", "history", "doctor"),
}
_REDIS_VALUED = frozenset(
    "-h -p -s -a -u --user --pass -n -r -i -D -X --pattern --eval --rdb --count --quoted-pattern --cacert --cert "
    "--key".split()
)


def redis(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, _REDIS_VALUED, stop=1)
    place = _redis_place(words, command, facts)
    if words.has(
        "--version", "--help", "--scan", "--bigkeys", "--memkeys", "--hotkeys", "--stat", "--latency", "--rdb"
    ):
        return Effects(reads=True)
    lines = [list(words.plain)] if words.plain else []
    if not lines:
        for text in fed(command, facts):
            lines += [line.split() for line in text.splitlines() if line.strip()] if text is not None else [["set"]]
    if words.value("--eval"):
        lines = [["eval"]]
    if not lines:
        return None
    drafts: list[Draft] = []
    for line in lines:
        if line[0].casefold() == "select" and len(line) > 1:
            place = f"{place.rpartition('/')[0]}/{line[1]}"
        draft = _redis_draft([word.casefold() for word in line], place)
        if draft and draft not in drafts:
            drafts.append(draft)
    return Effects(tuple(drafts), reads=not drafts)


def _redis_place(words: Words, command: Command, facts: Facts) -> str:
    url = words.value("-u") or (variable_of(command, facts, "REDIS_URL") if not words.has("-h", "-p", "-n") else None)
    found = re.match(r"rediss?://(?:[^/@]*@)?([^/:?]*)(?::(\d+))?(?:/(\d+))?", url) if url else None
    host, port, number = (found[1], found[2], found[3]) if found else (words.value("-h"), words.value("-p"), None)
    host = host or variable_of(command, facts, "REDISCLI_HOST")
    where = server(command, facts, host, port or REDIS_PORT)
    return f"redis:{where}/{words.value('-n') or number or 0}"


def _redis_draft(line: list[str], place: str) -> Draft | None:
    verb, sub = line[0], line[1] if len(line) > 1 else ""
    if verb in _REDIS_READ_SUB and (verb not in _REDIS_READS or sub):
        if sub in _REDIS_READ_SUB[verb] or (
            verb in _REDIS_READS and sub not in ("load", "unload", "reset", "setuser", "deluser")
        ):
            return None
    elif verb in _REDIS_READS:
        return None
    whole, spelling = place.rpartition("/")[0], f"redis-cli {verb}"
    if verb == "flushdb":
        return Draft("db-reset", targets.body_of(place), touches=(Touch(place, DESTROYS),), summary=spelling)
    if verb in ("flushall", "swapdb", "restore-asking", "replicaof", "slaveof") or (verb, sub) in (
        ("cluster", "reset"),
        ("debug", "reload"),
        ("function", "flush"),
        ("acl", "deluser"),
    ):
        return Draft("db-reset", targets.body_of(whole), touches=(Touch(whole, DESTROYS),), summary=spelling)
    if verb in ("shutdown", "failover") or (verb, sub) in (("client", "kill"), ("debug", "segfault")):
        return Draft("process-kill", targets.body_of(whole), touches=(Touch(whole, DESTROYS),), summary=spelling)
    key = whole if verb in ("config", "script", "module", "acl", "cluster", "client", "function") else place
    return Draft("db-write", targets.body_of(key), touches=(Touch(key, EDITS),), summary=spelling)


def bq(command: Command, facts: Facts) -> Effects | None:
    words = split(command.argv, {"--project_id", "--dataset_id", "--location", "--format", "-n", "--destination_table"})
    verb, rest = words.verb(), words.after(1)
    base = Base(f"db:bigquery/{words.value('--project_id') or 'default'}", "BigQuery")
    name = next((word for word in rest if not word.startswith("-")), "").replace(":", "/").replace(".", "/")
    if verb == "query":
        return sql_effects([rest[-1]] if rest else fed(command, facts), base, SQLITE, command, facts)
    if verb in ("ls", "show", "head", "version", "help", "extract") or words.on("--dry_run"):
        return Effects(reads=True)
    step = {
        "rm": RESET,
        "truncate": RESET,
        "load": WRITE,
        "insert": WRITE,
        "mk": WRITE,
        "update": WRITE,
        "cp": WRITE,
    }.get(verb)
    return drafts_of(step, [Base(f"{base.key}/{name}", name)], places.summary(command), facts) if step else None
