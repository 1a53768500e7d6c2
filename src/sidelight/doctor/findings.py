"""What is looked at, and what is said of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sidelight import space
from sidelight.records import Any, NamedTuple


class Finding(NamedTuple):
    """One thing looked at: `what` is so, and where it is not as it should be, why (`cause`) and what to do (`remedy`).

    Only what is `wrong` makes `sidelight doctor` fail; a finding with a cause that is not wrong is good to know.
    """

    name: str
    what: str
    cause: str = ""
    remedy: str = ""
    wrong: bool = False

    @property
    def fine(self) -> bool:
        """Is there nothing to say beyond that it is so?"""
        return not self.wrong and not self.cause

    def as_json(self) -> dict[str, Any]:
        """The finding by its names."""
        return self._asdict()


class Patient(NamedTuple):
    """The ledger to look at: its home, and the URL of its store where that is not a file in the home."""

    home: str
    url: str | None
    personal: str | None

    @property
    def file(self) -> str:
        """The embedded ledger's file."""
        return self.url.removeprefix("sqlite://") if self.url else os.path.join(self.home, "ledger.db")

    @property
    def is_file(self) -> bool:
        """Is the ledger a file here, and not on a server?"""
        return self.url is None or self.url.startswith("sqlite")

    @classmethod
    def found(cls, home: str | None, env: Mapping[str, str]) -> Patient:
        """The ledger that a command would use here."""
        try:
            cwd = os.getcwd()
        except OSError:  # the directory was deleted under us
            cwd = "/"
        url = space.store_url(env)
        if url is not None and url.startswith("sqlite"):
            home = os.path.dirname(url.removeprefix("sqlite://"))
        found = space.find_home(cwd, env, home)
        return cls(found.path, url, space.state_dir(env) if found.is_agent_home else None)
