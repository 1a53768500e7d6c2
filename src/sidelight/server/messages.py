"""What is sent and answered, as msgspec structs: requests are decoded into them, OpenAPI is written from them.

The bounds on texts stand in the schema only; the ledger checks them after trimming and says what is wrong, the same way
for every face. The answers are made by `wire`; their structs here describe them, and a test compares the two.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sidelight.config import PATCHABLE
from sidelight.home.commitments import STATUSES, TEXT_MOST, TYPES
from sidelight.ledger import ACTIVITY_MOST, ACTOR_MOST, AREA_MOST, TARGETS_MOST

COMMAND_MOST = 100_000
TOOL_MOST = 200

#: A character that is left when a text is trimmed, as a regular expression of JSON Schema has it.
INK = r"[^\s\x1c-\x1f\x85]"


def _text(most: int, *, least: int = 1, **more: Any) -> Meta:
    said = {"minLength": least, "maxLength": most} | ({"pattern": INK} if least else {}) | more
    return Meta(extra_json_schema=said)


Activity = Annotated[str, _text(ACTIVITY_MOST)]
Area = Annotated[str, _text(AREA_MOST, least=0)]
Actor = Annotated[str, _text(ACTOR_MOST, least=0)]
Target = Annotated[str, _text(4096, pattern=r"^[^\x00]*[^\s\x00\x1c-\x1f\x85][^\x00]*$")]
Directory = Annotated[str, _text(4096, pattern=r"^(/|[A-Za-z]:[\\/])[^\x00]*$")]
Targets = Annotated[list[Target], Meta(extra_json_schema={"maxItems": TARGETS_MOST})]
Lifetime = Annotated[float, Meta(extra_json_schema={"minimum": 1, "maximum": 30 * 86_400_000})]


# ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Request(Struct, rename="camel"):
    """What any request may carry besides its own fields is ignored."""


class Intent(Request):
    """What you are about to do. `targets` are resources it will touch (`config:tunnel.enabled`, `path:src/**`)."""

    activity: Activity
    area: Area | None = None
    actor: Actor | None = None
    agent: Actor | None = None
    targets: Targets = []
    cwd: Directory | None = None
    ttl_ms: Lifetime | None = None


class Credentials(Request):
    """One of them: the token of the home, or a one-time code of `sidelight dashboard`."""

    token: Annotated[str, _text(1000)] | None = None
    code: Annotated[str, _text(40)] | None = None


class Check(Request):
    """What would I be warned about? One of `command`, `tool` with `input`, or `activity`; nothing is recorded."""

    command: Annotated[str, _text(COMMAND_MOST)] | None = None
    tool: Annotated[str, _text(TOOL_MOST)] | None = None
    input: dict[str, Any] | None = None
    activity: Activity | None = None
    area: Area | None = None
    actor: Actor | None = None
    agent: Actor | None = None
    targets: Targets = []
    cwd: Directory | None = None


class Withdrawal(Request):
    """Why the commitment is withdrawn."""

    reason: Activity
    actor: Actor | None = None
    agent: Actor | None = None


class Promise(Request):
    """A commitment to a user. Further fields are kept as they are."""

    type: Literal[TYPES]  # type: ignore[valid-type] # the one list of them
    user_request: Annotated[str, _text(TEXT_MOST)]
    agent_response: Annotated[str, _text(TEXT_MOST, least=0)] | None = None
    expires_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None = None


class Patch(Request, omit_defaults=True):
    """A JSON merge patch (RFC 7396) of the settings: null removes, an object merges, all else replaces."""


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────

Severity = Literal["conflict", "overlap", "nearby", "present"]


class Answer(Struct, rename="camel"):
    """An answer's fields, as `wire` makes them."""


class Action(Answer):
    id: str
    seq: int
    kind: str
    reason: str | None
    target: str | None
    targets: list[str]
    value: Any
    actor: str | None
    agent: str | None
    host: str | None
    space: str | None
    summary: str | None
    ts: int
    expires: int | None
    late: bool
    state: str | None


class ConcurrentAction(Action):
    """An earlier action of somebody else that matters to yours, how gravely, and why."""

    severity: Severity
    why: str


class Announced(Answer):
    recorded: bool
    id: str | None
    concurrent: list[ConcurrentAction]
    coordination_warning: str | None
    severity: Severity | None


class Touch(Answer):
    key: str
    effect: str


class Understood(Answer):
    kind: str
    reason: str | None
    target: str | None
    value: Any
    summary: str | None
    touches: list[Touch]


class Checked(Announced):
    """What it was understood to touch, and what it would be warned about. Nothing was recorded."""

    understood: list[Understood]


class Finished(Answer):
    finished: bool
    id: str | None


class Recent(Answer):
    enabled: bool
    count: int
    actions: list[Action]


class Session(Answer):
    actor: str
    agent: str | None
    host: str | None
    state: str
    space: str | None
    machine: str | None
    tree: str | None
    branch: str | None
    first_seen: int
    last_seen: int
    ended: int | None
    intents: list[Action]


class Sessions(Answer):
    enabled: bool
    count: int
    sessions: list[Session]


class Notice(Answer):
    severity: Severity
    why: str
    text: str
    action: Action
    about: Action


class Notices(Answer):
    count: int
    notices: list[Notice]


class Patched(Answer, omit_defaults=True):
    """`patched` are the top-level keys; the warning is there only if there is something to say."""

    success: bool
    patched: list[Literal[PATCHABLE]]  # type: ignore[valid-type] # the one list of them
    note: str
    coordination_warning: str | None = None
    severity: Severity | None = None
    coordination_error: str | None = None


class Withdrawn(Answer, omit_defaults=True):
    withdrawn: bool
    id: str
    coordination_warning: str | None = None
    severity: Severity | None = None
    coordination_error: str | None = None


class Commitment(Answer):
    id: str
    type: Literal[TYPES]  # type: ignore[valid-type] # the one list of them
    user_request: str
    status: Literal[STATUSES]  # type: ignore[valid-type] # the one list of them
    created_at: str
    expires_at: str | None
    resolved_at: str | None
    resolution: str | None
    version: int
    agent_response: str | None = None


class Commitments(Answer):
    count: int
    commitments: list[Commitment]


class Settings(Answer):
    """The settings of the home; secrets are `***`."""


class Capability(Answer):
    configured: bool
    enabled: bool
    endpoints: list[str]
    description: str


class Capabilities(Answer):
    cross_session_coordination: Capability
    commitments: Capability
    config: Capability
    dashboard: Capability


class Text(Answer):
    """No JSON: text of the media type that is named."""


class SignedIn(Answer):
    """For how long the cookie is good, in seconds."""

    signed_in: bool
    seconds: int


class LaneIntent(Answer):
    seq: int
    id: str
    reason: str | None


class Lane(Answer):
    """A session, or a sub-agent of one; without an actor, whatever nobody put a name to."""

    id: str
    name: str
    actor: str | None
    agent: str | None
    alive: Literal["live", "quiet", "gone", "ended"]
    state: str
    host: str | None
    machine: str | None
    space: str | None
    tree: str | None
    branch: str | None
    first_seen: int | None
    last_seen: int | None
    ended: int | None
    intents: list[LaneIntent]


Shape = Literal["intent", "destroy", "edit", "commit", "publish", "run", "change"]


class Mark(Answer):
    """An action as it is drawn; `lane` is a place in `lanes`."""

    seq: int
    id: str
    ts: int
    lane: int
    kind: str
    shape: Shape
    says: str
    resources: list[str]
    space: str | None
    expires: int | None
    late: bool


class Side(Answer):
    """One side of a meeting: what it did, and what its session had announced."""

    seq: int
    id: str
    ts: int
    lane: int
    actor: str | None
    agent: str | None
    host: str | None
    shape: Shape
    says: str
    announced: str | None


class Recovery(Answer):
    says: str
    commands: list[str]


class Meeting(Answer):
    """What a later action did to what an earlier one had; `group` is equal for those that read alike."""

    seq: int
    group: str
    severity: Severity
    why: str
    resource: str
    later: Side
    earlier: Side
    told_later: str
    told_earlier: str
    recovery: Recovery


class ElsewhereEdit(Answer):
    lane: int
    seq: int
    ts: int
    tree: str


class Elsewhere(Answer):
    """One file, edited in several worktrees: no conflict, each has its own copy."""

    file: str
    space: str | None
    edits: list[ElsewhereEdit]


class Bucket(Answer):
    ts: int
    actions: int
    conflict: int
    overlap: int
    nearby: int


class Spent(Answer):
    """What Sidelight itself cost in 24 hours: tokens said to models, and what a hook call takes (median, ms)."""

    tokens: int
    ms: float


class View(Answer):
    """What the page draws. `marks` and `meetings` are those behind `after`, the rest is whole."""

    enabled: bool
    now: int
    since: int
    until: int
    seq: int
    after: int
    cut: bool
    space: str
    spaces: list[str]
    live: int
    open_intents: int
    lanes: list[Lane]
    marks: list[Mark]
    meetings: list[Meeting]
    states: dict[str, str]
    ends: dict[str, int]
    standing: list[Mark]
    elsewhere: list[Elsewhere]
    strip: list[Bucket]
    cost: Spent | None


class Health(Answer):
    status: Literal["ok"]
    name: str
    version: str


class Problem(Answer):
    """What went wrong, in a sentence."""

    error: str
