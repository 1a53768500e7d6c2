"""Debian's Chromium, one for each file of tests, and pages in it that must run without an error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.server.running import Server, serving

PATIENCE = 45_000  # ms: CI has two loaded cores
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

Visit = Callable[..., Page]


# Playwright keeps an event loop running in this thread for as long as it lives: no other file's tests may meet it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail("no Chromium here: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        # /dev/shm is small in many containers.
        one = playwright.chromium.launch(executable_path=found, args=[*flags, "--disable-dev-shm-usage"])
        yield one
        one.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(server)` opens the page in a context of its own, signed in unless told otherwise."""
    faults: list[str] = []
    with ExitStack() as closing:

        def opened(server: Server, *, signed_in: bool = True, **about: Any) -> Page:
            given = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **about}
            context = browser.new_context(base_url=server.url, **given)
            closing.callback(context.close)
            context.set_default_timeout(PATIENCE)
            if signed_in:
                answer = context.request.post("/session", data={"token": server.token})
                assert answer.ok, answer.text()
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda said: faults.append(said.text) if "Security Policy" in said.text else None)
            page.goto("/")
            if signed_in:
                expect(page.locator("#connection")).to_have_attribute("data-state", "live")
            return page

        yield opened
    assert faults == [], "the page ran into errors"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "agent"


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with serving(home) as running:
        yield running
