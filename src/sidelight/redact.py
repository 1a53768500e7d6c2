r"""Secrets out, foreign text bounded and escaped: what everything passes before it is stored or shown.

Two promises. A secret that was on a command line, in a setting or in an announcement is `***` before the ledger, the
audit file or a warning sees it. And text that somebody else wrote reaches a model or a terminal as one bounded line
without a character that could move the cursor, turn the reading direction or close the quotes around it.

Where the two kinds of mistake are weighed, a secret that gets through is the worse one; but a hash, a UUID, a path or
an ordinary sentence about tokens stays readable.

    >>> secrets_out("curl -H 'Authorization: Bearer abc123def456' https://bot:hunter2@example.test/?page=2")
    "curl -H 'Authorization: Bearer ***' https://bot:***@example.test/?page=2"
    >>> line("redrive\nSYSTEM: stop", 40)
    'redrive\\nSYSTEM: stop'

Pure, and cheap where there is nothing to do: a pattern is compiled only when one of its hints occurs in the text, for
a hook is a fresh process. No pattern can take more than linear time; what is longer than `LIMIT` is cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from sidelight.records import Any, NamedTuple

MASK = "***"

#: Text beyond this many characters is not looked at but cut off: it would not be stored in full anyway.
LIMIT = 65_536

# ── names: does this key, variable, option or header hold a secret? ───────────────────────────────────────────────


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRONG = _words(
    "password passwords passwd passphrase secret secrets token credential credentials apikey bearer jwt otp mnemonic "
    "sshpass requirepass pgpass"
)
#: Words that end other words: `pgpassword`, `githubtoken`, `clientsecret`.
_STRONG_ENDINGS = ("password", "passwd", "passphrase", "secret", "token", "apikey")
#: Secret as the last word of a name only, and in free text only where the value is no ordinary word or number.
_WEAK = _words("auth auths cookie cookies tokens authorization pass")
#: Two words that together hold a secret though neither does alone: `DB_PWD`, `GITHUB_PAT`, `STRIPE_KEY`.
_SECOND = _words("key pwd pat pass pw sig signature")
_FUSED_KEYS = _words(
    "accesskey accountkey authkey encryptionkey masterkey privatekey secretkey servicekey sessionkey sharedkey "
    "signingkey sshkey"
)
#: `…Keys` is a list of names (`sensitiveConfigKeys`) unless one of these comes before it.
_KEY_MAKERS = _words("access api auth encryption master private secret service session shared signing ssh")
#: A key of this sort opens nothing.
_PLAIN_KEYS = _words(
    "any arrow cache column composite config control ctrl dedupe dict enter escape event feature field file flag "
    "foreign function group header host hot idempotency image index issue item job join list lock lookup map message "
    "meta natural object partition path primary project property public query react resource return routing row "
    "search settings shift shortcut sort space state storage surrogate tab target task translation unique vary"
)
#: A name that ends so speaks about a secret and does not hold it: `PASSWORD_FILE`, `tokenLimit`, `secretName`.
_ABOUT = _words(
    "age algorithm allowed arn audience backend bucket budget bytes cache chars check class command config count cost "
    "dir directory disabled domain driver enabled endpoint engine env error exp expiration expires expiry field file "
    "filename format generator handler header headers helper hint host id ids interval issuer kind label len length "
    "lifetime limit limits manager max method middleware min mode model name names nullable op optional parser path "
    "paths pattern patterns per plugin policy port prefix price provider rate realm ref refs refresh regex region "
    "required requirements reset resolver rotation rule rules scan scanner scanning scheme scope scopes service size "
    "sock source speed stats status stdin store strategy suffix timeout ttl type types uri url usage used user "
    "username validator vault version window"
)
#: A name that begins so asks or counts: `maxTokens`, `has_token`, `--no-auth`, `--with-token`.
_ASKING = _words(
    "allow avg can completion context disable disallow enable forbid has hide ignore input is max min needs no num "
    "output per prompt remaining require requires show skip total use used uses with without"
)

_HUMPS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"

_NONE, _WEAKLY, _STRONGLY = 0, 1, 2


def is_secret_name(dotted: str) -> bool:
    """Does a setting, variable or option of this name hold a secret?

    Everything below a section that is called a secret is one too (`credentials.aws.region`).

    >>> [is_secret_name(name) for name in ("tunnel.token", "OPENAI_API_KEY", "authToken", "maxTokens", "primary_key")]
    [True, True, True, False, False]
    """
    *above, last = dotted.split(".")
    return _strength(last) != _NONE or any(_strength(part) == _STRONGLY or part == "tokens" for part in above)


def _strength(name: str) -> int:
    """How surely one name without dots holds a secret."""
    words = [word.lower() for word in re.findall(_HUMPS, name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words:
        return _NONE
    last = words[-1]
    if last in _ABOUT and words[-2:] != ["secret", "id"]:
        return _NONE
    if words[0] in _ASKING and len(words) > 1:
        return _NONE
    if any(word in _STRONG or word in _FUSED_KEYS or word.endswith(_STRONG_ENDINGS) for word in words):
        return _STRONGLY
    return _strength_of_two(words, last)


def _strength_of_two(words: list[str], last: str) -> int:
    before = words[:-1]
    if last in _SECOND and before and not (last == "key" and _PLAIN_KEYS.intersection(before)) and before != ["old"]:
        return _STRONGLY
    if last == "keys" and before and before[-1] in _KEY_MAKERS:
        return _STRONGLY
    if "key" in words and _KEY_MAKERS.intersection(words):
        return _STRONGLY
    if last in _WEAK or (len(words) == 1 and last.endswith("auth") and last != "oauth"):
        return _WEAKLY
    return _NONE


def mask(value: Any, name: str = "") -> Any:
    """A JSON value with its secrets masked: by the names it stands under (`name` is its own), and by their looks.

    Under a secret's name texts, numbers and booleans become `***`; null stays null, for it says "removed".

    >>> mask({"tunnel": {"token": "abc", "port": 80}, "env": [{"name": "API_KEY", "value": "x"}]})
    {'tunnel': {'token': '***', 'port': 80}, 'env': [{'name': 'API_KEY', 'value': '***'}]}
    """
    return _Masker().mask(value, name, is_secret_name(name), 0)


class _Masker:
    """One walk through a value. It stops at a depth and after a number of nodes, so a circular value ends too."""

    _DEPTH, _NODES = 40, 20_000

    def __init__(self) -> None:
        self._seen = 0

    def mask(self, value: Any, name: str, secret: bool, depth: int) -> Any:  # noqa: FBT001
        self._seen += 1
        if depth > self._DEPTH or self._seen > self._NODES:
            return "…"
        if isinstance(value, dict):
            return {secrets_out(str(key)): self._member(value, key, name, secret, depth) for key in value}
        if isinstance(value, (list, tuple)):
            return [self._item(value, place, name, secret, depth) for place in range(len(value))]
        if value is None:
            return None
        if secret:
            return MASK
        return secrets_out(value) if isinstance(value, str) else value

    def _member(self, mapping: dict[Any, Any], key: Any, name: str, secret: bool, depth: int) -> Any:  # noqa: FBT001
        dotted = f"{name}.{key}" if name else str(key)
        # {"name": "API_KEY", "value": "…"}: the pair says the name in a value of its own.
        said = mapping.get("name", mapping.get("key")) if key == "value" else None
        pair = isinstance(said, str) and is_secret_name(said)
        return self.mask(mapping[key], dotted, secret or pair or is_secret_name(str(key)), depth + 1)

    def _item(self, items: Any, place: int, name: str, secret: bool, depth: int) -> Any:  # noqa: FBT001
        # ["--password", "…"]: an argument list.
        option = items[place - 1] if place else None
        follows = isinstance(option, str) and option.startswith("-") and is_secret_name(option)
        return self.mask(items[place], name, secret or follows, depth + 1)


# ── secrets in free text and command lines ────────────────────────────────────────────────────────────────────────


def secrets_out(text: str) -> str:
    """The text with every secret in it replaced by `***`. Doing it twice changes nothing more.

    >>> secrets_out("PGPASSWORD=hunter2 psql postgres://app:s3cret@db/app # 1f0c3e9 token bucket")
    'PGPASSWORD=*** psql postgres://app:***@db/app # 1f0c3e9 token bucket'
    """
    if text in _harmless:
        return text
    if len(text) <= LIMIT and not _may_hold_secrets(text):
        if len(text) <= _REMEMBERED:
            if len(_harmless) > _HARMLESS_MOST:
                _harmless.clear()
            _harmless.add(text)
        return text
    for _ in range(6):
        if len(text) > LIMIT:
            text = _shortened(text)
        before, text = text, _once(text)
        if text == before:
            break
    return text


#: Texts that were looked through and hold nothing: the same keys, names and words come again and again.
_harmless: set[str] = set()
_HARMLESS_MOST, _REMEMBERED = 2000, 400


def _may_hold_secrets(text: str) -> bool:
    """Does anything in this text hint at a secret? Most texts hold none: one look tells."""
    # Every key of a file begins with "path:", which is no access token (`pat`).
    low = text.lower().replace("path", " ")
    for hint in _HINTS:  # noqa: SIM110 - a generator would take as long again
        if hint in low:
            return True
    return False


def _shortened(text: str) -> str:
    """Half the limit, ending between two words: a secret that is cut in two would not be recognised."""
    kept = text[: LIMIT // 2]
    return kept.rpartition(" ")[0][-LIMIT:] + " …" if " " in kept[-4096:] else kept + "…"


def _once(text: str) -> str:
    low = text.lower()
    for hints, rule in _RULES:
        if not hints or any(hint in low for hint in hints):
            text = rule(text)
    return text


def _key_blocks(text: str) -> str:
    return re.sub(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [^-]{0,60}-----|\Z)",
        MASK,
        text,
        flags=re.DOTALL,
    )


#: Where a token may start: not inside a word; `\n` of an escaped text, `m` of a colour and `%20` are no word.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=\[\dm)|(?<=\[\d\dm)|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"

#: An access key's id, with the secret where that follows it.
_AWS = r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])(?:[\s:,;\"']{1,4}[A-Za-z0-9/+]{40}(?![\w/+]))?"

#: Tokens that say themselves what they are: a hint in lower case, and the pattern.
_TOKENS: tuple[tuple[str, str], ...] = (
    ("sidelight_", r"sidelight_[\w-]{40,}"),
    ("gh", r"gh[opusr]_[A-Za-z0-9]{16,}"),
    ("github_pat_", r"github_pat_\w{20,}"),
    ("gl", _START + r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat)-[\w-]{16,}"),
    ("glsa_", _START + r"glsa_\w{20,}"),
    ("sk-", _START + r"sk-(?:(?:ant|proj|or|svcacct|admin|live|lf)-[\w-]{8,}|[A-Za-z0-9]{20,}[\w-]*)"),
    ("k_", _START + r"[spr]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    ("whsec_", r"whsec_[A-Za-z0-9+/]{16,}={0,2}"),
    ("xox", r"xox[abceoprs][.-][A-Za-z0-9.-]{10,}"),
    ("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
    ("akia", _AWS),
    ("asia", _AWS),
    ("aiza", r"AIza[\w-]{30,}"),
    ("ya29.", r"ya29\.[\w.-]{20,}"),
    ("gocspx-", r"GOCSPX-[\w-]{20,}"),
    ("1//0", _START + r"1//0[\w-]{30,}"),
    ("npm_", _START + r"npm_[A-Za-z0-9]{30,}"),
    ("pypi-", _START + r"pypi-(?:AgE[\w-]{16,}|[\w-]{60,})"),
    ("hf_", _START + r"hf_[A-Za-z0-9]{20,}"),
    (
        "eyj",
        r"(?:(?<![\w-])|(?<=\\[nrt])|(?<=\[\d\dm)|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))eyJ[\w-]{8,}+\.[\w-]{4,}(?:\.[\w-]*){0,3}",
    ),
    ("_v1_", _START + r"do[opr]_v1_[a-f0-9]{40,}"),
    ("sg.", _START + r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("shp", _START + r"shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{20,}"),
    ("key-", _START + r"key-[0-9a-f]{32}(?![0-9a-f])"),
    ("sq0", _START + r"sq0[a-z]{3}-[\w-]{20,}"),
    ("age-secret-key-", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    ("hv", _START + r"hv[bs]\.[\w-]{20,}"),
    ("dapi", _START + r"dapi[a-f0-9]{32}"),
    ("lin_api_", r"lin_api_[A-Za-z0-9]{20,}"),
    ("secret_", _START + r"secret_[A-Za-z0-9]{40,}"),
    ("ntn_", _START + r"ntn_[A-Za-z0-9]{40,}"),
    ("nvapi-", r"nvapi-[\w-]{20,}"),
    ("gsk_", _START + r"gsk_[A-Za-z0-9]{30,}"),
    ("r8_", _START + r"r8_[A-Za-z0-9]{30,}"),
    ("xai-", _START + r"xai-[A-Za-z0-9]{30,}"),
    ("pplx-", r"pplx-[A-Za-z0-9]{30,}"),
    ("sntry", r"sntry[su]_[\w+/=-]{20,}"),
    ("dckr_pat_", r"dckr_pat_[\w-]{16,}"),
    ("rubygems_", r"rubygems_[a-f0-9]{40,}"),
    ("atlasv1", r"\w{10,20}\.atlasv1\.[\w-]{40,}"),
    ("tskey-", r"tskey-[a-z]+-[\w-]{16,}"),
    ("sbp_", _START + r"sbp_[a-f0-9]{32,}"),
    ("atatt3", r"ATATT3[\w=-]{20,}"),
    ("pmak-", _START + r"PMAK-[a-f0-9-]{40,}"),
    (":aa", r"(?<!\d)\d{8,10}:AA[\w-]{30,}"),
)


def _tokens(text: str) -> str:
    low = text.lower()
    for hint, pattern in _TOKENS:
        if hint in low:
            text = re.sub(pattern, MASK, text)
    return text


def _webhooks(text: str) -> str:
    return re.sub(r"(hooks\.slack\.com/(?:services|workflows)/|/api/webhooks/\d+/)[\w/-]+", rf"\1{MASK}", text)


def _userinfo(text: str) -> str:
    return re.sub(r"://([^\s'\"<>@/:]*+)(?::(?!//)((?:(?!://)[^\s'\"<>])*+))?", _masked_userinfo, text)


def _masked_userinfo(found: re.Match[str]) -> str:
    user, rest = found[1], found[2]
    if rest is None:
        after = found.string[found.end() : found.end() + 1]
        return f"://{MASK}" if after == "@" and len(user) >= 16 and _mixed(user) else found[0]
    if re.match(r"\d{0,5}(?:[/?#]|$)", rest):
        return found[0]  # a port
    authority, slash, _ = rest.partition("/")
    end = authority.rfind("@") if "@" in authority else rest.find("@") if slash else -1
    if end < 0:
        return found[0]
    return f"://{user}:{MASK if rest[:end] and not _reference(rest[:end]) else rest[:end]}{rest[end:]}"


def _headers(text: str) -> str:
    text = re.sub(
        r"(?i)(authorization[\"'\\]{0,2}\s{0,3}[:=]\s{0,3}[\"'\\]{0,2})"
        r"((?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\s{1,3})?([^\s\"'\\]+)([^\"'\\\n]*)",
        _masked_header,
        text,
    )
    text = re.sub(r"(?i)\b((?:set-)?cookie:\s{0,3})([^\"'\n]*+)", _masked_cookie, text)
    return re.sub(r"(?i)\b(bearer|basic)([ \t]{1,3})([\w.~+/-]{8,}={0,2})", _masked_scheme, text)


def _masked_cookie(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if "=" in found[2] else found[0]


def _masked_header(found: re.Match[str]) -> str:
    lead, scheme, value, rest = found.groups()
    if _reference(value) or (scheme is None and _ordinary(value)):
        return found[0]
    return f"{lead}{scheme or ''}{MASK}{'' if scheme else rest}"


def _masked_scheme(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{MASK}" if _mixed(found[3]) else found[0]


# One word of a command line, quotes and escapes included; a quote that is not closed reaches to the end.
_WORD = r"(?:\"(?:\\(?:.|\Z)|[^\"\\])*+(?:\"|\Z)|'[^']*+(?:'|\Z)|\\(?:.|\Z)|[^\s\"'\\|;&<>()`])++"
#: A value right after a colon; another colon or a slash after it tells that it is none.
_BARE = r"[^\s\"'\\|;&<>()`:/]++"
_SEPARATOR = r"(\\*[\"'`]?\]?[ \t]*(?::=|\?=|=>|={1,2}|:)[ \t]*)"


def _assignments(text: str) -> str:
    """`NAME=value`, `"name": "value"`, `name: value`, `?name=value`, wherever the name holds a secret."""
    names = re.compile(r"(?<![\w.-])([\w.-]++)" + _SEPARATOR)
    out: list[str] = []
    place = 0
    while found := names.search(text, place):
        out.append(text[place : found.end()])
        place = found.end()
        value = _value_after(text, found)
        if value is not None:
            masked, place = value
            out.append(masked)
    return "".join(out) + text[place:]


def _value_after(text: str, found: re.Match[str]) -> tuple[str, int] | None:
    """The masked value that follows a name and where it ends, or None where it is to stay."""
    name, separator, start = found[1], found[2], found.end()
    strength = _strength_in_text(text, found)
    if strength == _NONE:
        return None
    quote = re.compile(r"(\\+[\"']|[$@fbruFBRU]?[\"'`])").match(text, start)
    if quote:
        return _quoted_value(text, start, quote[1], strength)
    told_by_colon = separator.strip() == ":"
    tight = told_by_colon and separator.endswith(":")
    word = re.compile(_BARE if tight else _WORD, re.DOTALL).match(text, start)
    if not word:
        return None
    if _stays(word[0]) or text[word.end() : word.end() + 1] == "(":
        return word[0], word.end()
    value = word[0]
    if strength == _WEAKLY and _ordinary(value):
        return None
    if told_by_colon and not _told_by_colon(text, found, name, word):
        return None
    # a query goes on after `&`, an argument list after `,`; neither is part of the word
    end = word.start() + len(value.rstrip(",")) if value.rstrip(",") else word.end()
    return MASK, end


def _strength_in_text(text: str, found: re.Match[str]) -> int:
    name = found[1].lstrip("-.").rpartition(".")[2]
    if found.start() and text[found.start() - 1] in "?&" and name.lower() in ("sig", "signature", "key", "code", "jwt"):
        return _WEAKLY
    return _strength(name)


def _quoted_value(text: str, start: int, opening: str, strength: int) -> tuple[str, int] | None:
    closing = opening if opening[0] == "\\" else opening[-1]
    inside = start + len(opening)
    end = _end_of_quote(text, inside, closing)
    value = text[inside:end]
    if not value or _stays(value) or (strength == _WEAKLY and _ordinary(value)):
        return None
    return opening + MASK + text[end : end + len(closing)], min(len(text), end + len(closing))


def _end_of_quote(text: str, place: int, closing: str) -> int:
    """Where a quoted text ends: at its closing mark, an escaped one left out, else at the end of the text."""
    while True:
        end = text.find(closing, place)
        if end < 0:
            return len(text)
        escapes = len(text[place:end]) - len(text[place:end].rstrip("\\"))
        if closing[0] == "\\" or closing == "'" or escapes % 2 == 0:
            return end
        place = end + 1


def _told_by_colon(text: str, found: re.Match[str], name: str, word: re.Match[str]) -> bool:
    """Does `name: value` in running text tell a secret? A commit's `auth: fix` and a key `secret:acme/X` do not."""
    separator, value = found[2], word[0]
    if separator[0] in "\\\"'`":
        return True  # the name is quoted: JSON
    before = text[found.start() - 1] if found.start() else ""
    if separator.endswith(":"):
        return before != "/" and text[word.end() : word.end() + 1] not in ("/", ":") and _odd(value)
    words = [word.lower() for word in re.findall(_HUMPS, name)]
    if words[-1:] and words[-1].endswith(("password", "passwd", "passphrase")):
        return True
    return _odd(value)


def _options(text: str) -> str:
    """`--password X`, `-token X`: a long option with a secret's name, and its value as the next word."""
    options = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]++)[ \t]+(?![-|;&<>(])")
    out: list[str] = []
    place = 0
    while found := options.search(text, place):
        out.append(text[place : found.end()])
        place = found.end()
        strength = _strength(found[1].lstrip("-")) if len(found[1]) > 3 else _NONE
        word = re.compile(_WORD, re.DOTALL).match(text, place) if strength else None
        if word and not _plain_argument(word[0], strength):
            out.append(MASK)
            place = word.end()
    return "".join(out) + text[place:]


_FLAG_WORDS = _words(
    "a an and are argument arguments as at but by can does field flag flags for from has if in instead into is it not "
    "of on option options or parameter should switch that the then to value was when which will with"
)


def _plain_argument(value: str, strength: int) -> bool:
    """Is what follows an option no secret: a word of a sentence about it, a reference, `id=…` of a build secret?"""
    if _stays(value.strip("\"'")) or value.lower() in _FLAG_WORDS:
        return True
    return (strength == _WEAKLY and _ordinary(value)) or bool(re.match(r"[\"']?(?:id|src|source|type|env)=", value))


class _Program(NamedTuple):
    """A program whose short options or plain arguments hold a secret; `option` ends where the secret starts."""

    hint: str
    called: str
    option: str


_GAP = r"[ \t]*=?[ \t]*"
_PROGRAMS: tuple[_Program, ...] = (
    _Program("mysql", r"(?:mysql\w*|mycli)", r"-p"),
    _Program("mariadb", r"mariadb[\w-]*", r"-p"),
    _Program("sshpass", r"sshpass", r"-p[ \t]*"),
    _Program("redis-cli", r"redis-cli", r"(?:-a|--pass)[ \t]+"),
    _Program("mongo", r"mongo\w*", r"-p[ \t]+"),
    _Program("login", r"(?:docker|podman|buildah|skopeo|oras|helm|az|crane)[^\n]{0,200}?\blogin", r"-p[ \t]*"),
    _Program("sqlcmd", r"(?:sqlcmd|bcp)", r"-P[ \t]*"),
    _Program("ldap", r"ldap\w+", r"-w[ \t]*"),
    _Program("mosquitto", r"mosquitto_\w+", r"-P[ \t]+"),
    _Program("zip", r"(?:un)?zip", r"-P[ \t]*"),
    _Program("7z", r"7z\w*", r"-p"),
    _Program("security", r"security[ \t]+add-\S+", r"-w[ \t]+"),
    _Program("secret", r"gh[ \t]+secret[ \t]+set", r"(?:-b|--body)" + _GAP),
    _Program("secret", r"create[ \t]+secret", r"--from-literal[= \t]+[\w.-]+="),
    _Program("secrets", r"secrets?[: \t]+(?:set|put|create|import)", r"[A-Za-z_]\w*="),
    _Program("vault", r"vault[ \t]+login", r""),
    _Program("openssl", r"openssl", r"pass:"),
    _Program("htpasswd", r"htpasswd[ \t]+-\w{0,8}b\w{0,8}[ \t]+\S+", r"[^\s\"']+[ \t]+"),
    _Program("curl", r"curl", r"(?:-u|--user|-U|--proxy-user)" + _GAP + r"[\"']?[^\s:\"']*:"),
    _Program("http", r"https?", r"(?:-a|--auth)" + _GAP + r"[\"']?[^\s:\"']*:"),
    _Program("wget", r"wget", r"--(?:http-|ftp-)?password" + _GAP),
    _Program("smb", r"smb\w+", r"-U[ \t]*[\"']?[^\s%\"']+%"),
    _Program("lftp", r"lftp", r"-u[ \t]*[^\s,]+,"),
)
_EATS_SECRETS = (
    r"\bsecrets?[: \t]+(?:set|put|create|add)|--with-token|--password-stdin|\bchpasswd\b|\bpasswd\b.*--stdin"
)


def _commands(text: str) -> str:
    """Options that only their program gives a secret to: `mysql -pX`, `curl -u me:X`, `echo X | gh secret set`."""
    low = text.lower()
    programs = [program for program in _PROGRAMS if program.hint in low]
    pieces = re.findall(
        r"(?:\"(?:\\(?:.|\Z)|[^\"\\])*+(?:\"|\Z)|'[^']*+(?:'|\Z)|\\(?:.|\Z)|[^\n;|&\"'\\])++|[\n;|&]++", text, re.DOTALL
    )
    for place, piece in enumerate(pieces):
        for program in programs:
            if program.hint in piece.lower():
                pieces[place] = _masked_program(pieces[place], program)
        if place + 2 < len(pieces) and pieces[place + 1] == "|" and re.match(r"\s*(?:echo|printf)\s", piece):
            pieces[place] = _masked_echo(piece) if re.search(_EATS_SECRETS, pieces[place + 2]) else piece
    return "".join(pieces)


def _masked_echo(piece: str) -> str:
    """An `echo` whose output another program takes for a secret."""
    verb = re.match(r"\s*(?:echo|printf)(?:[ \t]+-\w+)*[ \t]+", piece)
    said = piece[verb.end() :].rstrip() if verb else ""
    if not verb or _reference(said.strip("\"'")):
        return piece
    return piece[: verb.end()] + MASK + piece[verb.end() + len(said) :]


def _masked_program(piece: str, program: _Program) -> str:
    called = re.search(rf"(?<![\w-]){program.called}(?![\w-])", piece)
    if not called:
        return piece
    head, tail = piece[: called.end()], piece[called.end() :]
    secret = rf"((?<![^\s\"']){program.option})(?![\s*])({_WORD})"
    return head + re.sub(secret, _masked_argument, tail, flags=re.DOTALL)


def _masked_argument(found: re.Match[str]) -> str:
    bare = found[2].strip("\"'")
    return found[0] if not bare or _reference(bare) else f"{found[1]}{MASK}"


def _set_verbs(text: str) -> str:
    """`aws configure set aws_secret_access_key X`, `npm config set …:_authToken X`, `config set requirepass X`."""
    return re.sub(rf"\b(set[ \t]+)(\S+)([ \t]+)(?!-)({_WORD})", _masked_setting, text, flags=re.DOTALL)


def _masked_setting(found: re.Match[str]) -> str:
    name = re.split(r"[/:.@=]", found[2])[-1].strip("\"'")
    if "=" in found[2] or _strength(name) == _NONE or _stays(found[4]) or found[4].lower() in _FLAG_WORDS:
        return found[0]
    return f"{found[1]}{found[2]}{found[3]}{MASK}"


def _statements(text: str) -> str:
    """SQL's `IDENTIFIED BY '…'` and `PASSWORD '…'`, a `.netrc` line's `login … password …`."""
    text = re.sub(
        r"(?i)\b(identified[ \t]+(?:with[ \t]+\S+[ \t]+)?by|password)([ \t]+)('[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z))",
        rf"\1\2'{MASK}'",
        text,
    )
    return re.sub(r"(?i)\b(login[ \t]+\S+\s+password[ \t]+)(\S+)", rf"\1{MASK}", text)


_SECRETISH = (
    r"(?i)(?<![a-z])(?:pass(?:word|wd|phrase)|secret|token|credential|bearer|(?:api|access|private|signing)[ _-]?key)"
)


def _random_strings(text: str) -> str:
    """A long random string on the same line as, and close to, a word such as *token*; hashes and UUIDs stay."""
    return re.sub(r"(?<![\w/+.=-])[A-Za-z0-9+/_-]{32,}+={0,2}(?![\w.])", _masked_random, text)


def _masked_random(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    if not _random(found[0]) or re.match(r"sha\d{1,3}[-_]", found[0]) or text[max(0, start - 7) : start] == "sha256:":
        return found[0]
    before = text[max(0, start - 32) : start].rpartition("\n")[2]
    after = text[end : end + 20].partition("\n")[0]
    return MASK if re.search(_SECRETISH, before) or re.search(_SECRETISH, after) else found[0]


# ── what a value looks like ───────────────────────────────────────────────────────────────────────────────────────

_LITERALS = frozenset(("null", "none", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "", "\\n"))


def _stays(value: str) -> bool:
    """A value that is no secret under any name: nothing, a truth value, a reference to where the secret is."""
    return value.rstrip(",").lower() in _LITERALS or _reference(value)


def _reference(value: str) -> bool:
    """`$NAME`, `${NAME}`, `$(command)`, `%NAME%`, `<placeholder>`, `{{ template }}`, `@file`, `os.environ…`."""
    return bool(
        re.fullmatch(r"\$\{?\w+\}?|\$env:\w+|\$\(.*|%\w+%|<[\w -]+>|\$?\{\{.*|\{\w+\}|@[\w./~-]+", value, re.DOTALL)
    ) or value.startswith(("os.environ", "os.getenv", "process.env", "import.meta", "self.", "this.", "secrets."))


def _ordinary(value: str) -> bool:
    """A word, a few hyphenated ones, or a small number."""
    return bool(
        re.fullmatch(r"[A-Za-z]{1,16}[.,!?:]?|[a-z]{1,16}(?:[-_ ][a-z]{1,16}){1,4}[.,!?:]?|\d{1,6}[.,%]?", value)
    )


def _odd(value: str) -> bool:
    """Letters and digits mixed, or so long that it is no word; a path or a version is neither."""
    if len(value) < 6 or value.startswith(("/", "./", "~", "-", "v")) and not _mixed(value):  # noqa: RUF021
        return False
    return _mixed(value) or (len(value) >= 24 and not _ordinary(value) and "/" not in value)


def _mixed(value: str) -> bool:
    """Does a text change between digits, capitals and small letters more than words do?"""
    if not re.search(r"[A-Za-z]", value):
        return False
    digits = sum(char.isdigit() for char in value)
    humps = len(re.findall(r"[a-z][A-Z]", value))
    return digits >= 1 or humps >= 2 or value.endswith("=")


def _random(value: str) -> bool:
    """Random enough to be a key, and none of the strings that merely look so: a hash of git, a UUID, a path, a slug."""
    bare = value.rstrip("=")
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", bare):
        return False
    if re.fullmatch(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9/+]{40}", bare):
        return True  # as AWS writes it
    if sum(char.isdigit() for char in bare) < 2 or len(set(bare)) < 10 or not re.search(r"[A-Za-z]", bare):
        return False
    longest = max(re.split(r"[-_/+]", bare), key=len)
    return len(longest) >= 16 and bool(re.search(r"\d", longest)) and bare.count("/") <= len(bare) // 20


_ASSIGNING = tuple(_words("pass pwd secret token key credential auth cookie bearer jwt otp mnemonic sig code pat pw"))

#: The rules in order, each with the hints of which one must occur (in lower case) before it is tried.
_RULES: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("private key",), _key_blocks),
    ((), _tokens),
    (("hooks.slack.com", "/webhooks/"), _webhooks),
    (("://",), _userinfo),
    (("authorization", "cookie:", "bearer", "basic"), _headers),
    (_ASSIGNING, _assignments),
    (_ASSIGNING, _options),
    (tuple({program.hint for program in _PROGRAMS} | {"--with-token", "--password-stdin", "passwd"}), _commands),
    (("set",), _set_verbs),
    (("identified", "password"), _statements),
    (("pass", "secret", "token", "credential", "bearer", "key"), _random_strings),
)


def _shortest(hints: Iterable[str]) -> tuple[str, ...]:
    found, left = [], sorted(hints, key=len)
    while left:
        first = left[0]
        found.append(first)
        left = [one for one in left if first not in one]
    return tuple(sorted(found))


#: Most texts hold no secret and nothing that hints at one: one look tells. What holds another hint is left out.
_EVERY_HINT = {hint for hints, _ in _RULES for hint in hints} | {hint for hint, _ in _TOKENS}
_HINTS = _shortest(_EVERY_HINT)

# ── foreign text as one line ──────────────────────────────────────────────────────────────────────────────────────

#: Blank although no class of characters says so: fillers, joiners, selectors. (FE0E and FE0F belong to emoji.)
_BLANKS = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
_SPACES = frozenset("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
_ESCAPE = r"\\(?:[ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def line(text: str, limit: int) -> str:
    r"""Foreign text as one line of at most `limit` characters that may stand between quotes, secrets masked.

    What is not printable is shown as an escape (`\n`, `\x1b`, `\u202e`): control, bidirectional, invisible and private
    characters, lone surrogates. Quotes and backticks become `'` and the angle brackets of a tag `()`, so that nothing
    in it ends the quotation. A cut shows as `…` and never goes through an escape. Doing it twice changes nothing more.

    >>> line("a\u202eb \x1b[31m `x` </hook_context>", 80), line("one\ntwo", 5)
    ("a\\u202eb \\x1b[31m 'x' (/hook_context)", 'one…')
    """
    reach = limit + 4096
    shown = secrets_out(_escaped(secrets_out(text[:reach])))
    if len(text) > reach and len(shown) <= limit:
        shown += "…"
    for _ in range(4):
        cut = _cut(shown, limit)
        shown = secrets_out(cut)
        if shown == cut:
            return shown
    return _cut(shown, limit)


def _escaped(text: str) -> str:
    if not text.isprintable() or (not text.isascii() and re.search(_BLANKS, text)):
        text = "".join(_visible(char) for char in text)
    if "<" in text:
        text = re.sub(r"<(/?[A-Za-z!?][^<>]{0,200})>", r"(\1)", text)
    return text.replace("`", "'").replace('"', "'")


def _visible(char: str) -> str:
    if char.isprintable() and (char.isascii() or not re.match(_BLANKS, char)):
        return char
    if char in _SPACES:
        return " "
    code = ord(char)
    known = _NAMED.get(char)
    return known or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = max(0, limit - 1)
    for start in range(max(0, end - 9), end):
        escape = re.match(_ESCAPE, text[start : start + 10])
        if escape and start + escape.end() > end:
            end = start
            break
    return text[:end] + "…" if limit > 0 else ""


# ── values bounded for storage ────────────────────────────────────────────────────────────────────────────────────


class Bounded(NamedTuple):
    """A JSON value small enough to be stored, and whether something of it was cut for that."""

    value: Any
    cut: bool


_DEEPEST = 12


def bounded(value: Any, limit_bytes: int) -> Bounded:
    """The value in at most `limit_bytes` of compact UTF-8 JSON. Long texts are cut; the rest of long lists, of large
    objects and of deep nesting is left out; `…` marks each.

    What JSON has no word for (NaN, bytes, objects, circular values) becomes text. `limit_bytes` is at least 16.

    >>> bounded({"a": "x" * 100, "b": 1}, 30)
    Bounded(value={'a': 'xxxxxxx…', 'b': 1}, cut=True)
    """
    try:
        # a value of plain JSON that fits is returned as it is
        if len(_compact(value).encode()) <= limit_bytes and _depth_within(value, _DEEPEST):
            return Bounded(value, cut=False)
    except (TypeError, ValueError, RecursionError):
        pass
    packer = _Packer(max(16, limit_bytes))
    return Bounded(packer.pack(value, packer.room, 0), packer.cut)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _depth_within(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left > 0 and all(isinstance(key, str) and _depth_within(part, left - 1) for key, part in value.items())
    if isinstance(value, list):
        return left > 0 and all(_depth_within(part, left - 1) for part in value)
    return not isinstance(value, tuple)


class _Packer:
    """Packs a value into a number of bytes, first things first."""

    _MARK = 5  # bytes of "…" with its quotes

    def __init__(self, room: int) -> None:
        self.room = room
        self.cut = False

    def pack(self, value: Any, room: int, depth: int) -> Any:
        """The value in at most `room` bytes; `room` is never less than that of the mark."""
        if isinstance(value, dict):
            return self._object(value, room, depth) if depth < _DEEPEST else self._mark()
        if isinstance(value, (list, tuple)):
            return self._list(value, room, depth) if depth < _DEEPEST else self._mark()
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return self._number(value, room)
        if not isinstance(value, str):
            self.cut = True
            value = _described(value)
        return self._text(value, room)

    def _mark(self) -> str:
        self.cut = True
        return "…"

    def _number(self, value: float, room: int) -> Any:
        try:
            written = _compact(value)
        except ValueError:  # not a number JSON knows, or one of thousands of digits
            self.cut = True
            return self._text(_described(value), room)
        return value if len(written) <= room else self._text(written, room)

    def _text(self, text: str, room: int) -> str:
        clean = text.encode("utf-8", "backslashreplace").decode() if len(text) <= room else text[:room]
        clean = clean.encode("utf-8", "backslashreplace").decode()
        if len(text) <= room and _cost(clean) <= room:
            self.cut = self.cut or clean != text
            return clean
        self.cut = True
        low, high = 0, len(clean)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if _cost(clean[:middle]) + 3 <= room else (low, middle - 1)
        return clean[:low] + "…"

    def _list(self, items: Any, room: int, depth: int) -> list[Any]:
        out: list[Any] = []
        left = room - 2
        for number, item in enumerate(items):
            last = number + 1 == len(items)
            least = self._MARK + (0 if last else 1 + self._MARK)
            if left < least:
                if left >= self._MARK:
                    out.append("…")
                self.cut = True
                break
            packed = self.pack(item, left - (0 if last else 1 + self._MARK), depth + 1)
            out.append(packed)
            left -= _cost(packed) + 1
        return out

    def _object(self, members: dict[Any, Any], room: int, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        left, rest = room - 2, 2 * self._MARK + 2
        for number, (key, member) in enumerate(members.items()):
            spare = 0 if number + 1 == len(members) else rest
            name = key if isinstance(key, str) else _described(key)
            name = self._text(name, max(self._MARK, min(256, (left - spare) // 2)))
            if left - spare - _cost(name) - 1 < self._MARK:
                if left >= rest - 1:
                    out["…"] = "…"
                self.cut = True
                break
            packed = self.pack(member, left - spare - _cost(name) - 1, depth + 1)
            if name in out:
                self.cut = True
                continue
            out[name] = packed
            left -= _cost(name) + 1 + _cost(packed) + 1
        return out


def _cost(value: Any) -> int:
    return len(_compact(value).encode())


def _described(value: Any) -> str:
    """Some text for a value JSON has no word for."""
    try:
        return str(value)[:1000]
    except Exception:  # noqa: BLE001 - a foreign object's own __str__ may do anything
        return f"<{type(value).__name__}>"
