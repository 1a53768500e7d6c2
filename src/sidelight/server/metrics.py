"""Numbers for Prometheus: who is here, what was recorded, where sessions met, and what waits to be delivered.

Off unless the home's setting `metrics` is true. They are read off the ledger when somebody asks and cost nothing
before. No label carries text of a session: names stay few, and nothing foreign gets into them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from sidelight import __version__, backlog
from sidelight.overview.drawing import ENDED, GONE, LIVE, QUIET, alive
from sidelight.server.exchange import Ask, Refusal
from sidelight.server.served import Served

MEDIA = ("text/plain",)
_OFF = "metrics are off; the setting `metrics` of this home turns them on"
_SEVERITIES = ("conflict", "overlap", "nearby")


def show(served: Served, ask: Ask) -> Response:  # noqa: ARG001 - every route is asked the same way
    """GET /metrics: the numbers, in Prometheus' text format."""
    if not served.ledger.config.metrics:
        raise Refusal(404, _OFF)
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Now(read(served)))
    return Response(
        generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    )


class Numbers(NamedTuple):
    """What is counted. `actions` is the newest place in the record; `met` counts the last 24 hours, by severity."""

    enabled: bool
    actions: int
    sessions: dict[str, int]
    open_intents: int
    met: dict[str, int]
    waiting: int
    aside: int


def read(served: Served) -> Numbers:
    """Count. Raises `StoreError`, `ConfigError`."""
    here = served.ledger.who(everywhere=True)
    strip = served.overview.look(window_ms=1, most=1).strip
    waits = backlog.waiting(served.home)
    states = Counter(alive(one.state) for one in here if one.session.agent is None)
    return Numbers(
        served.ledger.config.enabled,
        served.ledger.store.last_seq(),
        {name: states[name] for name in (LIVE, QUIET, GONE, ENDED)},
        sum(len(one.intents) for one in here if one.session.agent is None),
        {name: sum(getattr(one, name) for one in strip) for name in _SEVERITIES},
        sum(one.waiting for one in waits),
        sum(one.aside for one in waits),
    )


class _Now(Collector):
    """One reading, as Prometheus has it."""

    def __init__(self, found: Numbers) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        found = self._found
        yield InfoMetricFamily("sidelight", "Which version answers.", {"version": __version__})
        yield GaugeMetricFamily("sidelight_enabled", "1 if what is done here is recorded.", int(found.enabled))
        yield CounterMetricFamily("sidelight_actions", "Actions recorded, forgotten ones too.", found.actions)
        yield _labelled("sidelight_sessions", "Sessions that are kept, by state.", "state", found.sessions)
        yield GaugeMetricFamily("sidelight_open_intents", "Announced and not finished.", found.open_intents)
        yield _labelled("sidelight_meetings_day", "Meetings of the last 24 hours.", "severity", found.met)
        yield GaugeMetricFamily("sidelight_waiting", "Requests that wait for a store that is gone.", found.waiting)
        yield GaugeMetricFamily("sidelight_set_aside", "Requests that no store took.", found.aside)


def _labelled(name: str, says: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
