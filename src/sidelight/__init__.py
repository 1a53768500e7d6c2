"""Sidelight: sessions that share a repository, an agent home or a machine see each other in time.

    from sidelight import Ledger

    with Ledger.open() as ledger:
        receipt = ledger.announce("fix the redrive flood", actor="session-a", area="monitoring")
        if receipt.warning:
            print(receipt.warning)

The names below are the library; everything else is how it is built. They are loaded when they are first used, so that
`import sidelight` costs a hook process nothing.
"""

TYPE_CHECKING = False  # the constant of `typing`, without its import

if TYPE_CHECKING:  # for type checkers and editors; at run time `__getattr__` loads what is asked for
    from sidelight.actions import Action, Draft, Session, Touch
    from sidelight.config import BoundsError, ConfigError
    from sidelight.ledger import Concurrent, Ledger, NoticeView, Presence, Receipt
    from sidelight.stores import StoreError

__version__ = "0.1.0"

__all__ = [
    "Action",
    "BoundsError",
    "Concurrent",
    "ConfigError",
    "Draft",
    "Ledger",
    "NoticeView",
    "Presence",
    "Receipt",
    "Session",
    "StoreError",
    "Touch",
    "__version__",
]

_HOMES = {
    "sidelight.actions": ("Action", "Draft", "Session", "Touch"),
    "sidelight.config": ("BoundsError", "ConfigError"),
    "sidelight.ledger": ("Concurrent", "Ledger", "NoticeView", "Presence", "Receipt"),
    "sidelight.stores": ("StoreError",),
}

if not TYPE_CHECKING:  # a type checker that saw it would take any name for one of ours

    def __getattr__(name: str) -> object:
        for module, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                found = globals()[name] = getattr(import_module(module), name)
                return found
        raise AttributeError(f"module 'sidelight' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
