"""Lists, pipelines, branches, loops and functions, in the order a shell would take them.

Each function walks one sort of statement and returns the text it prints, None where that is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from sidelight.effects import UNKNOWN
from sidelight.effects.shell import expansion, redirections, simple
from sidelight.effects.shell.nodes import BETWEEN, REDIRECTS, clauses, flattened, read_variables, text_of
from sidelight.effects.shell.redirections import takes_output
from sidelight.effects.shell.scopes import Argv, Scope, merged
from sidelight.effects.shell.walk import BoundReachedError, Feed, Walk
from sidelight.effects.shell.words import Field
from sidelight.records import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST_NODE = 150
MOST_TURNS = 50  # of a loop over known words


def sequence(walk: Walk, listed: list[Node], scope: Scope, feed: Feed) -> str | None:
    """Statements one after the other, up to an `exit`."""
    out: str | None = ""
    for number, node in enumerate(listed):
        if not node.is_named or node.type in BETWEEN:
            continue
        if scope.ended:
            break
        follows = listed[number + 1].type if number + 1 < len(listed) else ""
        if follows == "&":
            text = statement(walk, node, scope.copy(), feed._replace(background=True))
        else:
            text = statement(walk, node, scope, feed)
        out = None if out is None or text is None else out + text
    return out


def statement(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...] = ()) -> str | None:
    """One statement. `redirects` stand behind it and belong to its last command."""
    walk.step()
    if scope.level > DEEPEST_NODE:
        raise BoundReachedError
    scope.level += 1
    try:
        plain = _PLAIN.get(node.type)
        if plain is not None:
            return plain(walk, node, scope, feed, redirects)
        if node.type in _COMPOUND:
            return compound(walk, node, scope, feed, redirects)
        walk.lose()
        if node.is_error:
            sequence(walk, node.children, scope, feed)
        return None
    finally:
        scope.level -= 1


def compound(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    """A statement with a body of its own: what is redirected behind it feeds or takes all of it."""
    writes, feed = redirections.read(walk, redirects, scope, feed)
    walk.emit_writes(writes, scope)
    text = _COMPOUND[node.type](walk, node, scope, feed)
    return "" if takes_output(writes) else text


def redirected(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    body = node.child_by_field_name("body")
    own = tuple(child for child in node.children if child.type in REDIRECTS)
    if any(child.is_error for child in node.children):
        walk.lose()
    if body is not None:
        return statement(walk, body, scope, feed, own + redirects)
    writes, _ = redirections.read(walk, own + redirects, scope, feed)
    walk.emit_writes(writes, scope)
    return ""


def and_or(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    """`a && b || c`. What follows `||` runs where its left side began if that is what failed (`cd x || …`)."""
    parts = flattened(node)
    start = scope.copy()
    out: str | None = ""
    for number, (operator, part) in enumerate(parts):
        tail = redirects if number == len(parts) - 1 else ()
        status = scope.status
        if operator == "&&" and status is False:
            continue
        if operator == "||" and status is True:
            continue
        if operator == "" or status is not None:
            out = _both(out, statement(walk, part, scope, feed, tail))
        elif operator == "&&":
            branch = scope.copy()
            out = _both(out, statement(walk, part, branch, feed, tail))
            if not branch.ended:
                scope.adopt(branch)
            scope.status = None
        else:
            branch = start.copy() if number == 1 else scope.copy()
            statement(walk, part, branch, feed, tail)
            scope.adopt(merged(start, [scope, branch]))
            scope.status = None
        if scope.ended:
            break
    return out


def pipeline(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    parts = [child for child in node.children if child.is_named and child.type not in BETWEEN]
    text: str | None = ""
    for number, part in enumerate(parts):
        mark = len(walk.found)
        text = statement(walk, part, scope.copy(), feed, redirects if number == len(parts) - 1 else ())
        printed = tuple(command.argv for command in walk.found[mark:])
        feed = feed._replace(
            stdin=text, upstream=printed[-1] if printed else None, sources=feed.sources + printed, redirects=()
        )
    scope.status = None
    return text


def negated(walk: Walk, node: Node, scope: Scope, feed: Feed, redirects: tuple[Node, ...]) -> str | None:
    for child in node.children:
        if child.is_named:
            statement(walk, child, scope, feed, redirects)
    scope.status = None if scope.status is None else not scope.status
    return ""


def group(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    if node.children and node.children[0].type == "((":
        return test(walk, node, scope, feed)
    return sequence(walk, node.children, scope, feed)


def subshell(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    inner = scope.copy()
    text = sequence(walk, node.children, inner, feed)
    scope.status = inner.status
    return text


def test(walk: Walk, node: Node, scope: Scope, _feed: Feed) -> str | None:
    """`[ … ]`, `[[ … ]]`, `(( … ))`: only what they substitute runs something."""
    expansion.substitutions(walk, node, scope)
    scope.status = None
    return ""


def if_(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    start = scope.copy()
    ends: list[Scope] = []
    for condition, body in clauses(node):
        if condition is not None:
            sequence(walk, condition, scope, feed)
            if scope.status is False:
                continue
        branch = scope.copy()
        sure = condition is None or scope.status is True
        sequence(walk, body, branch, feed)
        ends.append(branch)
        if sure:
            break
    else:
        ends.append(scope.copy())
    scope.adopt(merged(start, ends))
    scope.status = None
    return None


def case(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    value = node.child_by_field_name("value")
    subject = expansion.joined(walk, value, scope, []) if value is not None else UNKNOWN
    start = scope.copy()
    ends: list[Scope] = []
    for item in node.children:
        if item.type != "case_item":
            continue
        patterns = [expansion.joined(walk, child, scope, []) for child in item.children_by_field_name("value")]
        fits = _fits(subject, patterns)
        if fits is False:
            continue
        branch = start.copy()
        values = set(item.children_by_field_name("value"))
        sequence(walk, [child for child in item.children if child not in values], branch, feed)
        ends.append(branch)
        if fits:
            break
    else:
        ends.append(start.copy())
    scope.adopt(merged(start, ends))
    scope.status = None
    return None


def while_(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    condition = node.children_by_field_name("condition")
    body = node.child_by_field_name("body")
    reads = read_variables(condition)
    if reads is not None and feed.stdin is not None and UNKNOWN not in feed.stdin:
        read_lines(walk, reads, feed.stdin, body, scope, feed._replace(stdin=None))
        return None
    if reads is not None:
        feed = feed._replace(each=True)
    sequence(walk, condition, scope, feed)
    until = bool(node.children) and node.children[0].type == "until"
    if body is not None and scope.status is not until:
        turn(walk, body, scope, feed)
    scope.status = None
    return None


def read_lines(walk: Walk, names: list[str], stdin: str, body: Node | None, scope: Scope, feed: Feed) -> None:
    """`while read a b; do …` over text that is on the line."""
    lines = stdin.splitlines()
    if len(lines) > MOST_TURNS or body is None:
        walk.lose()
    for line in lines[:MOST_TURNS]:
        values = line.split(None, len(names) - 1)
        for name, value in zip(names, values + [""] * len(names), strict=False):
            scope.assign(name, value.strip() if name == names[-1] else value)
        if body is not None:
            turn(walk, body, scope, feed)


def turn(walk: Walk, body: Node, scope: Scope, feed: Feed) -> None:
    """One turn of a loop."""
    sequence(walk, body.children, scope, feed)
    if scope.ended in ("break", "continue"):
        scope.ended = ""


def for_(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    if variable is None or body is None:
        return walk.lose()
    sources: list[Argv] = []
    values = node.children_by_field_name("value")
    listed = [field for value in values for field in expansion.fields(walk, value, scope, sources)]
    if not values:
        listed = [Field(word) for word in scope.positional] if scope.positional is not None else [Field(UNKNOWN)]
    out: str | None = ""
    for value, each in _turns(walk, listed, scope):
        scope.assign(text_of(variable), value, sources=tuple(sources))
        out = _both(out, sequence(walk, body.children, scope, feed._replace(each=feed.each or each)))
        if scope.ended not in ("", "continue"):
            break
        scope.ended = ""
    scope.ended = "" if scope.ended == "break" else scope.ended
    scope.status = None
    return out


def _turns(walk: Walk, listed: list[Field], scope: Scope) -> list[tuple[str, bool]]:
    """The values a loop variable takes, and whether each stands for an unknown set."""
    out: list[tuple[str, bool]] = []
    for field in listed:
        there = walk.here(scope).glob(field.text) if field.glob and scope.cwd and scope.remote is None else ()
        if there:
            out.extend((path, False) for path in there)
        else:
            out.append((field.text, field.glob or UNKNOWN in field.text))
    return out if len(out) <= MOST_TURNS else [(UNKNOWN, True)]


def c_for(walk: Walk, node: Node, scope: Scope, feed: Feed) -> str | None:
    for child in node.children:
        if child.type == "variable_assignment":
            name = child.child_by_field_name("name")
            if name is not None:
                scope.assign(text_of(name), UNKNOWN)
    body = node.child_by_field_name("body")
    if body is not None:
        turn(walk, body, scope, feed._replace(each=True))
    return None


def define(_walk: Walk, node: Node, scope: Scope, _feed: Feed) -> str | None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is not None and body is not None:
        scope.functions = {**scope.functions, text_of(name): body}
    return ""


def _fits(subject: str, patterns: list[str]) -> bool | None:
    """Does a `case` item match? None when that cannot be said."""
    if "*" in patterns:
        return True
    if UNKNOWN in subject or any(UNKNOWN in pattern for pattern in patterns):
        return None
    return any(fnmatchcase(subject, pattern) for pattern in patterns)


def _both(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else left + right


_Plain = Callable[[Walk, "Node", Scope, Feed, "tuple[Node, ...]"], "str | None"]
_PLAIN: dict[str, _Plain] = {
    "command": simple.command,
    "declaration_command": simple.command,
    "unset_command": simple.command,
    "list": and_or,
    "pipeline": pipeline,
    "negated_command": negated,
    "redirected_statement": redirected,
    "variable_assignment": simple.assignments,
    "variable_assignments": simple.assignments,
}
_Compound = Callable[[Walk, "Node", Scope, Feed], "str | None"]
_COMPOUND: dict[str, _Compound] = {
    "subshell": subshell,
    "compound_statement": group,
    "if_statement": if_,
    "while_statement": while_,
    "for_statement": for_,
    "c_style_for_statement": c_for,
    "case_statement": case,
    "function_definition": define,
    "test_command": test,
}
