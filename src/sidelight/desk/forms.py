"""What each tool takes and what it gives, as a model sees it; what is not known is left out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from sidelight.ledger import ACTIVITY_MOST, ACTOR_MOST, AREA_MOST, TARGETS_MOST

COMMAND_MOST = 100_000


class Arguments(BaseModel):
    """What every tool takes: who asks and where they stand. A hook fills it in; a model need not."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    session: str | None = Field(None, max_length=ACTOR_MOST)
    agent: str | None = Field(None, max_length=ACTOR_MOST)
    cwd: str | None = Field(None, max_length=4096, pattern=r"^(/|[A-Za-z]:[\\/])[^\x00]*$")


class ToAnnounce(Arguments):
    activity: str = Field(min_length=1, max_length=ACTIVITY_MOST)
    area: str | None = Field(None, max_length=AREA_MOST)
    targets: list[str] = Field([], max_length=TARGETS_MOST)
    minutes: float | None = Field(None, ge=1, le=43_200)


class ToCheck(Arguments):
    command: str | None = Field(None, max_length=COMMAND_MOST)
    targets: list[str] = Field([], max_length=TARGETS_MOST)


class ToFinish(Arguments):
    id: str | None = Field(None, max_length=200)


class ToLook(Arguments):
    limit: int = Field(20, ge=1, le=100)
    everywhere: bool = False


class ToAskWho(Arguments):
    target: str = Field(min_length=1, max_length=4096)
    limit: int = Field(10, ge=1, le=100)


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Deed(BaseModel):
    """What a session did or announced (absent: nobody's that is known), when, in ms since 1970, and where it matters to
    the caller's own, how gravely.
    """

    id: str
    session: str | None = None
    did: str
    ts: int
    severity: str | None = None


class Answer(BaseModel):
    """Every answer: what others did to the caller's work since it was last told."""

    notices: list[str] = []


class Announced(Answer):
    recorded: bool
    id: str | None = None
    warning: str | None = None
    concurrent: list[Deed] = []


class Checked(Answer):
    understood: list[str] = []
    warning: str | None = None
    concurrent: list[Deed] = []


class Finished(Answer):
    finished: bool
    id: str | None = None


class GoingOn(Answer):
    sessions: dict[str, str] = {}
    actions: list[Deed] = []


class WhoDid(Answer):
    actions: list[Deed] = []
