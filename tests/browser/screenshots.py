"""Take the pictures of `docs/screenshots`: the page over a made-up working day, in both themes at three widths.

Usage: .venv/bin/python -m tests.browser.screenshots [DIRECTORY]
"""

import shutil
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.server import life
from tests.server.running import Server, serving

SIZES = {"phone": (390, 844), "laptop": (1200, 720), "wide": (1480, 660)}
SCHEMES = ("light", "dark")
DOCS = Path(__file__).parents[2] / "docs" / "screenshots"


def take(browser: Browser, server: Server, file: Path, scheme: str, size: tuple[int, int], *, opened: bool) -> None:
    """One picture; `opened` shows what met in the detail pane."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    context.request.post("/session", data={"token": server.token})
    page = context.new_page()
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
        home = Path(scratch) / "agent"
        life.day(home)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        with serving(home) as server:
            for scheme in SCHEMES:
                for name, size in SIZES.items():
                    take(browser, server, into / f"{name}-{scheme}.png", scheme, size, opened=name == "laptop")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
