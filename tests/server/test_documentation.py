"""`docs/http.md` names every route there is, and none that there is not (O24)."""

import re
from pathlib import Path

from sidelight.server.app import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "http.md"


def test_the_page_lists_the_routes_of_the_table():
    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE.read_text(), re.MULTILINE)
    assert listed == [f"{route.method} {route.path}" for route in ROUTES]


def test_the_links_of_the_page_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).exists()
