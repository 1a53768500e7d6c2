"""The knee of one ledger on one PostgreSQL, and how many ledgers one server carries: measured, then reckoned further.

python -m benchmarks simulation

Measured: clients in processes of their own offer appends at random moments at a given rate; an append's time counts
from the moment at which it was due, so that waiting in line is not left out. The server waits for its disk at every
commit. Reckoned: the same, with the measured time of one append, on servers that are not here: appends to one ledger
follow one another, appends to different ledgers share the cores.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

from benchmarks.measuring import Row
from benchmarks.scale import fill, leaf
from sidelight.stores import Store, open_store
from tests.postgres_server import Postgres

CLIENTS = 8
RECORD = 10_000, 100  # rows and sessions there before
OFFERED = (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0)  # of what the clients get through when they never pause
LEDGERS = (1, 2, 4, 8)
KNEE = 5  # where the median is so many times that at the lowest rate
LARGER = ((1, 4), (16, 4), (16, 16), (64, 16), (256, 64))  # ledgers and cores of servers that are not here
SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB"}


# ── measured ──────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _store(url: str) -> Store:
    return open_store(url)


def client(url: str, name: str, rate: float | None, seconds: float) -> list[float]:
    """One client's appends, each in microseconds; without a rate one follows the other."""
    work, chance = leaf(_store(url), name), random.Random(name)
    took: list[float] = []
    due = start = time.perf_counter()
    base = int(start * 1000) % 10**9 * 1000
    while due < start + seconds:
        if rate is not None:
            due += chance.expovariate(rate)
            time.sleep(max(0.0, due - time.perf_counter()))
        else:
            due = time.perf_counter()
        work(base + len(took))
        took.append((time.perf_counter() - due) * 1e6)
    return took


def together(pool: Executor, urls: Sequence[str], rate: float | None, seconds: float) -> tuple[list[float], float]:
    """What all clients met, spread over ledgers, and how many appends a second they got through."""
    each = rate / CLIENTS if rate is not None else None
    start = time.perf_counter()
    runs = [pool.submit(client, urls[number % len(urls)], f"c{number}", each, seconds) for number in range(CLIENTS)]
    took = sorted(one for run in runs for one in run.result())
    return took, len(took) / (time.perf_counter() - start)


def percent(took: Sequence[float], of: int) -> float:
    """The time that so many in a hundred took at most."""
    return took[min(len(took) - 1, len(took) * of // 100)]


def measured(quick: bool) -> Iterator[Row]:
    """On this machine, where clients and server share the cores."""
    seconds = 2.0 if quick else 5.0
    server = Postgres(settings=SETTINGS)
    try:
        urls = [server.url(f"simulated{number}") for number in range(LEDGERS[-1])]
        for url in urls:
            store = open_store(url)
            fill(store, *RECORD)
            store.dispose()
        with ProcessPoolExecutor(CLIENTS, mp_context=get_context("spawn")) as pool:
            together(pool, urls, None, 1.0)  # connections, plans
            alone = sorted(client(urls[0], "alone", None, seconds))
            yield Row("one client alone: an append", percent(alone, 50), "µs")
            yield from _knee(pool, urls[0], seconds)
            yield from _ledgers(pool, urls, seconds)
        _store(urls[0]).dispose()
        _store.cache_clear()
        yield from reckoned(alone, quick)
    finally:
        server.remove()


def _knee(pool: Executor, url: str, seconds: float) -> Iterator[Row]:
    _, most = together(pool, [url], None, seconds)
    yield Row(f"one ledger, {CLIENTS} clients that never pause", most, "/s")
    least = knee = 0.0
    for part in OFFERED:
        took, through = together(pool, [url], most * part, seconds)
        middle, slow = percent(took, 50), percent(took, 99)
        least = least or middle
        if middle <= KNEE * least:
            knee = through
        yield Row(f"one ledger, {most * part:,.0f}/s offered: half of them within", middle, "µs")
        yield Row(f"one ledger, {most * part:,.0f}/s offered: 99 of 100 within", slow, "µs")
    yield Row("the knee: the highest rate met at which most wait little", knee, "/s", knee / most, "never pause")


def _ledgers(pool: Executor, urls: Sequence[str], seconds: float) -> Iterator[Row]:
    one = 0.0
    for many in LEDGERS:
        _, through = together(pool, urls[:many], None, seconds)
        one = one or through
        yield Row(f"{many} ledgers, {CLIENTS} clients that never pause", through, "/s", through / one, "one ledger")


# ── reckoned ──────────────────────────────────────────────────────────────────────────────────────────────────────


def waiting(service: Sequence[float], *, ledgers: int, cores: int, rate: float, appends: int) -> list[float]:
    """How long each of so many appends takes from when it is due: until its ledger is free and a core is, and its own.

    Times in seconds; `rate` is of all ledgers together. The order is that of arrival.
    """
    chance = random.Random(ledgers * 1000 + cores)
    free_ledger, free_core = [0.0] * ledgers, [0.0] * cores
    now, took = 0.0, []
    for _ in range(appends):
        now += chance.expovariate(rate)
        ledger = chance.randrange(ledgers)
        core = min(range(cores), key=free_core.__getitem__)
        done = max(now, free_ledger[ledger], free_core[core]) + chance.choice(service)
        free_ledger[ledger] = free_core[core] = done
        took.append(done - now)
    return sorted(took)


def reckoned(alone: Sequence[float], quick: bool) -> Iterator[Row]:
    """On larger servers: the rate at which an append takes `KNEE` times as long as one alone, at the median."""
    usual = [one / 1e6 for one in alone[: len(alone) * 99 // 100]]
    single = statistics.median(usual)
    for ledgers, cores in LARGER:
        least, most = 0.0, min(ledgers, cores) / statistics.fmean(usual)
        for _ in range(6 if quick else 9):
            rate = (least + most) / 2
            took = waiting(usual, ledgers=ledgers, cores=cores, rate=rate, appends=5_000 if quick else 20_000)
            least, most = (rate, most) if percent(took, 50) <= KNEE * single else (least, rate)
        yield Row(f"reckoned: the knee of {ledgers} ledgers on {cores} cores", least, "/s")


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    return list(measured(quick))
