"""The live page in a real Chromium: how soon it shows what a session does, and how it scrolls when there is very much.

Measured in the page itself: from the moment a session has the answer to its announcement until the page's document has
changed, and by the frames and long tasks that the browser counts while somebody scrolls up and down.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row

SESSIONS, ACTIONS, FEW_ACTIONS = 40, 8_000, 800
TIMES, FEW_TIMES = 100, 20

_SHOWN = """
async ({ token, session, number }) => {
  let done;
  const seen = new Promise((tell) => { done = tell; });
  const before = document.body.dataset.seq;
  const watch = new MutationObserver(() => { if (document.body.dataset.seq !== before) done(performance.now()); });
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-seq"] });
  const answer = await fetch("/coordination/intent", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, "X-Sidelight-Session": session },
    body: JSON.stringify({ activity: `step ${number}` }),
  });
  await answer.json();
  const from = performance.now();
  const shown = await seen - from;
  watch.disconnect();
  return Math.max(0, shown);
}
"""
_COUNT = """
() => {
  window.counted = { frames: [], long: 0 };
  let last = null;
  const frame = (now) => {
    if (last !== null) window.counted.frames.push(now - last);
    last = now;
    window.counting = requestAnimationFrame(frame);
  };
  window.counting = requestAnimationFrame(frame);
  window.watching = new PerformanceObserver((list) => { window.counted.long += list.getEntries().length; });
  window.watching.observe({ type: "longtask" });
}
"""
_COUNTED = "() => { cancelAnimationFrame(window.counting); window.watching.disconnect(); return window.counted; }"


def run(quick: bool) -> list[Row]:
    """The rows of the report."""
    from playwright.sync_api import sync_playwright

    from tests.server import life
    from tests.server.running import serving

    rows: list[Row] = []
    times = FEW_TIMES if quick else TIMES
    actions = FEW_ACTIONS if quick else ACTIONS
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        for name, home in (("an empty ledger", Path(scratch) / "few"), ("a crowd", Path(scratch) / "crowd")):
            crowded = home.name == "crowd"
            if crowded:
                name = f"{SESSIONS} sessions, {actions:,} actions"  # noqa: PLW2901 - what it is called in the report
                life.crowd(home, sessions=SESSIONS, actions=actions)
            with serving(home) as server, _opened(browser, server) as page:
                if crowded:
                    page.get_by_role("button", name="4 h", exact=True).click()
                    page.wait_for_function(
                        "(wanted) => document.querySelectorAll('#lanes .lane').length === wanted", arg=SESSIONS
                    )
                    rows += _scrolled(page)
                took = [
                    page.evaluate(_SHOWN, {"token": server.token, "session": f"s{one % 2}", "number": one})
                    for one in range(times)
                ]
                rows += _quantiles(f"two sessions act, and the page shows it ({name})", took)
        browser.close()
    return rows


@contextmanager
def _opened(browser: Any, server: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(120_000)
    context.request.post("/session", data={"token": server.token}, timeout=120_000)
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector('#connection[data-state="live"]')
    yield page
    context.close()


def _scrolled(page: Any) -> list[Row]:
    """By the wheel and by the keys, down and up, at the page's own pace."""
    page.evaluate(_COUNT)
    box = page.locator("#scroller").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for step in (50, -50, 50, -50):
        for _ in range(40):
            page.mouse.wheel(0, step)
            page.evaluate("() => new Promise(requestAnimationFrame)")
    page.locator("#scroller").focus()
    for key in ("PageDown", "PageDown", "PageUp", "End", "Home"):
        page.keyboard.press(key)
        page.evaluate("() => new Promise((done) => setTimeout(done, 250))")
    counted = page.evaluate(_COUNTED)
    return [
        *_quantiles("a frame while the timeline is scrolled", counted["frames"]),
        Row("the same, tasks longer than 50 ms", counted["long"], ""),
        Row("elements of the page", page.evaluate("() => document.querySelectorAll('*').length"), ""),
    ]


def _quantiles(what: str, took: Sequence[float]) -> list[Row]:
    ranked = sorted(took)
    slowest = ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]
    return [Row(what, statistics.median(ranked), "ms"), Row("  the slowest percent", slowest, "ms")]
