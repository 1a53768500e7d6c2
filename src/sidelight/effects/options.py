"""A command's words sorted: options, what belongs to them, and the words that stand for themselves.

    >>> words = split(("kubectl", "-n", "shop", "delete", "pod", "a", "--force"), valued=frozenset({"-n"}))
    >>> words.plain, words.value("-n"), words.on("--force")
    (('delete', 'pod', 'a'), 'shop', True)

Which options take the next word as their value only the program's manual knows: that is `valued`. An option that is not
named there is a flag, unless its value is attached (`--name=value`).
"""

from __future__ import annotations

from collections.abc import Collection

from sidelight.records import NamedTuple

_OFF = frozenset({"false", "0", "no", "off", "none", "never"})


class Words(NamedTuple):
    """`plain` are the words that are no options, in order, without the program; `rest` those after `--`."""

    plain: tuple[str, ...]
    options: tuple[tuple[str, str | None], ...]
    rest: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Is one of these options there, whatever its value?"""
        return any(name in names for name, _ in self.options)

    def on(self, *names: str) -> bool:
        """Is one of these switches on? `--dry-run=false` and `--dry-run=none` are off."""
        given = [value for name, value in self.options if name in names]
        return bool(given) and (given[-1] or "").casefold() not in _OFF

    def value(self, *names: str) -> str | None:
        """The last value that one of these options was given."""
        return next((value for name, value in reversed(self.options) if name in names and value is not None), None)

    def values(self, *names: str) -> tuple[str, ...]:
        """All values these options were given, in order."""
        return tuple(value for name, value in self.options if name in names and value is not None)

    def verb(self, number: int = 0) -> str:
        """The plain word at this place, '' if there are fewer."""
        return self.plain[number] if number < len(self.plain) else ""

    def after(self, number: int) -> tuple[str, ...]:
        """The plain words from this place on, those after `--` included."""
        return self.plain[number:] + self.rest


def split(
    argv: tuple[str, ...],
    valued: Collection[str] = (),
    *,
    attached: Collection[str] = (),
    many: Collection[str] = (),
    long: bool = False,
    stop: int | None = None,
) -> Words:
    """Sort the words of `argv`, its first (the program) left out.

    `valued` options take the rest of their word or the next word; `attached` ones only the rest of their word
    (`mysql -pSECRET`); `many` ones all words up to the next option (`aws … --instance-ids a b`). `long`: one dash
    begins a long option too (`terraform -auto-approve`). `stop`: after so many plain words everything else is plain
    (`find`, `exec`, `run` and other programs that hold a command).
    """
    plain: list[str] = []
    options: list[tuple[str, str | None]] = []
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            return Words(tuple(plain), tuple(options), tuple(words))
        if len(word) < 2 or not word.startswith("-"):
            plain.append(word)
            if stop is not None and len(plain) >= stop:
                return Words(tuple(plain + words), tuple(options))
        elif word.startswith("--") or long:
            name, equals, value = word.partition("=")
            if equals:
                options.append((name, value))
            elif name in many:
                options += _take_many(name, words)
            elif name in valued:
                options.append((name, words.pop(0) if words else ""))
            else:
                options.append((name, None))
        else:
            _short(word, words, options, valued, attached)
    return Words(tuple(plain), tuple(options))


def _take_many(name: str, words: list[str]) -> list[tuple[str, str | None]]:
    taken: list[tuple[str, str | None]] = []
    while words and not words[0].startswith("-"):
        taken.append((name, words.pop(0)))
    return taken or [(name, None)]


def _short(
    word: str,
    words: list[str],
    options: list[tuple[str, str | None]],
    valued: Collection[str],
    attached: Collection[str],
) -> None:
    """A cluster of one-letter options: `-rf`, `-n5`, `-pSECRET`, `-n 5`."""
    if word[1:].isdigit():
        options.append((word, None))
        return
    for place, letter in enumerate(word[1:], 1):
        name, tail = f"-{letter}", word[place + 1 :]
        if name in valued:
            options.append((name, tail.removeprefix("=") if tail else words.pop(0) if words else ""))
            return
        if name in attached and tail:
            options.append((name, tail))
            return
        if tail.startswith("="):
            options.append((name, tail[1:]))
            return
        options.append((name, None))
