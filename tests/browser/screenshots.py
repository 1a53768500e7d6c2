"""Take the pictures of `docs/screenshots`: the page over a made-up working day, in both themes at three widths.

Usage: .venv/bin/python -m tests.browser.screenshots [DIRECTORY]

The day, the hour and the home are made up, and no server runs: the page gets its files and what it draws from here, so
that the same code makes the same pictures whenever and wherever it is run (but for the machine's fonts).
"""

import json
import shutil
import struct
import sys
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Route, expect, sync_playwright

from sidelight import picture
from sidelight.ledger import Ledger
from sidelight.overview import Overview
from sidelight.server import page as served
from sidelight.stores import Clock, open_store
from tests.fakes import FakeFacts
from tests.server import life

SIZES = {"phone": (390, 844), "laptop": (1200, 720), "wide": (1600, 760)}
SCHEMES = ("light", "dark")
DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
HOME = "home:workstation:~/work/atlas"
END = int(datetime(2026, 3, 12, 13, 37, 20, tzinfo=UTC).timestamp() * 1000)
ORIGIN = "http://localhost:4817"
#: Letters drawn alike each time.
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-lcd-text", "--font-render-hinting=none", "--disable-gpu"]
#: A stream that is open and says nothing.
QUIET = """
window.EventSource = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.dispatchEvent(new Event("open"))); }
  close() {}
};
"""


def view(home: Path) -> bytes:
    """What the page draws at the end of the day."""
    life.day(home, end=END)
    store = open_store(str(home / "ledger.db"), clock=Clock(lambda: END, lambda: END, lambda: "past"))
    ledger = Ledger(store, facts=FakeFacts(cwd="/"), space_name=HOME)
    try:
        return json.dumps(picture.view(Overview(ledger).look(), (1_460, 11.0))).encode()
    finally:
        store.dispose()


def answer(route: Route, body: bytes) -> None:
    """What a server would say: the page, its files, and the view."""
    path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
    if path == "/coordination/view":
        route.fulfill(body=body, content_type="application/json")
        return
    file = served.file_of(path.removeprefix("/assets/").removeprefix("/") or "index.html")
    assert file is not None, path
    route.fulfill(body=file.content, content_type=file.media, headers=served.HEADERS)


def take(browser: Browser, body: bytes, file: Path, scheme: str, size: tuple[int, int], *, opened: bool) -> None:
    """One picture; `opened` shows what met in the detail pane."""
    context = browser.new_context(
        base_url=ORIGIN,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    page.add_init_script(QUIET)
    page.route("**/*", lambda route: answer(route, body))
    page.goto("/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator("#met .item")).not_to_have_count(0)
    if opened:
        page.locator("#met .item", has_text="conflict").first.click()
        expect(page.locator("#detail")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.screenshot(path=file)
    file.write_bytes(packed(file.read_bytes()))
    context.close()


def packed(png: bytes) -> bytes:
    """The same picture, compressed harder than a browser in a hurry does."""
    head, place, data, rest = png[:8], 8, b"", []
    while place < len(png):
        (size,) = struct.unpack_from(">I", png, place)
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + size]
        else:
            rest.append(png[place : place + 12 + size])
        place += 12 + size
    body = b"IDAT" + zlib.compress(zlib.decompress(data), 9)
    middle = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return head + b"".join([*rest[:-1], middle, rest[-1]])


def main(into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        body = view(Path(scratch) / "agent")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for scheme in SCHEMES:
            for name, size in SIZES.items():
                take(browser, body, into / f"{name}-{scheme}.png", scheme, size, opened=name == "laptop")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
