"""Editing settings in place: what is not touched stays byte for byte, and taking out undoes putting in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight.hosts.jsonc import NotJSONError, find, insert, parse, remove

SPACE = st.sampled_from(["", " ", "\n", "\n  ", "\r\n\t", " // note\n", " /* {, */ ", "\n\n    ", " // }]\n  "])
WORDS = st.sampled_from(['"x"', '"a // b"', '"\\u00e9,"', "1", "-2.5e3", "true", "null", '"/* "', '"Zürich"'])
KEYS = st.sampled_from(["hooks", "Stop", "Start", "mcp", "ours", "a", "ü", "//"])


@st.composite
def documents(draw, depth=3):
    """Settings as people leave them: comments, trailing commas, odd spaces, both line endings."""
    kind = draw(st.sampled_from(["object", "object", "array", "word"])) if depth < 3 else "object"
    if depth == 0 or kind == "word":
        return draw(WORDS)
    inner = []
    for key in draw(st.lists(KEYS, max_size=4, unique=True)):
        label = json.dumps(key) + draw(SPACE) + ":" + draw(SPACE) if kind == "object" else ""
        inner.append(draw(SPACE) + label + draw(documents(depth=depth - 1)) + draw(SPACE))
    text = ",".join(inner) + ("," + draw(SPACE) if inner and draw(st.booleans()) else "")
    text = text or draw(SPACE)
    return f"{{{text}}}" if kind == "object" else f"[{text}]"


FILES = st.builds(lambda head, text, tail: head + text + tail, SPACE, documents() | st.just(""), SPACE)
OURS = {"command": "sidelight", "args": ["mcp", {"n": [1, 2]}]}


def is_ours(value):
    return isinstance(value, dict) and value.get("command") == "sidelight"


def value(text):
    root = parse(text)
    return {} if root is None else root.value


def put(text):
    """Two items and a member put in; None where the file is of another shape."""
    try:
        for event in ("Stop", "Start", "Stop"):
            text = insert(text, ("hooks", event), OURS, item=True)
        return insert(text, ("mcp", "ours"), OURS, item=False)
    except NotJSONError:
        return None


def taken(text, before):
    text = remove(text, ("mcp", "ours"), is_ours, before=before)
    for event in ("Start", "Stop"):
        text = remove(text, ("hooks", event), is_ours, before=before)
    return text


@given(FILES)
def test_what_was_put_in_can_be_taken_out_to_the_byte(text):
    if (after := put(text)) is None or find(text, ("mcp", "ours")) is not None:
        return
    assert taken(after, text) == text


@given(FILES)
def test_what_is_put_in_is_there_and_all_else_says_the_same(text):
    after = put(text)
    if after is None:
        return
    then, now = value(text), value(after)
    assert now["mcp"].pop("ours") == OURS
    assert [one for one in now["hooks"].pop("Stop") if is_ours(one)] == [OURS, OURS]
    assert [one for one in now["hooks"].pop("Start") if is_ours(one)] == [OURS]
    for key in ("Stop", "Start"):
        then.get("hooks", {}).pop(key, None)
    then.get("mcp", {}).pop("ours", None)
    assert {key: value for key, value in now.items() if value} == {key: value for key, value in then.items() if value}


@given(FILES, st.sampled_from(["theirs", "x", "y"]))
def test_what_others_add_after_us_stays_when_we_go(text, name):
    after = put(text)
    if after is None or find(text, ("mcp", "ours")) is not None:
        return
    added = insert(after, ("hooks", "Stop"), {"command": name}, item=True)
    added = insert(added, (name,), [name], item=False)
    left = value(taken(added, text))
    assert {"command": name} in left["hooks"]["Stop"]
    assert left[name] == [name]
    assert "sidelight" not in taken(added, text)


def test_a_file_is_written_as_its_neighbours_are():
    text = '{\n\t"model": "x", // mine\n\t"hooks": {\n\t\t"Stop": [],\n\t},\n}\n'
    assert insert(text, ("hooks", "Stop"), {"a": 1}, item=True) == (
        '{\n\t"model": "x", // mine\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{\n\t\t\t\t"a": 1\n\t\t\t}\n\t\t],\n\t},\n}\n'
    )
    assert insert('{"a":1}', ("b",), {"c": 2}, item=False) == '{"a":1, "b": {"c": 2}}'
    assert insert('{\r\n    "a": 1\r\n}', ("b",), 2, item=False) == '{\r\n    "a": 1,\r\n    "b": 2\r\n}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1', "a comma or } is missing"),
        ('{"a" 1}', "a colon is missing"),
        ('{"a": }', "a value is missing"),
        ("{'a': 1}", "a key or } is missing"),
        ('{"a": "x', "the text has no end"),
        ('{"a": 1} /* ', "the comment has no end"),
        ('{"a": nope}', "this is no value"),
        ("{} {}", "something follows the value"),
        ("[" * 200, "it is nested too deeply"),
        ('{\n"a": 1,\n  !}', "line 3, column 3"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text, says):
    with pytest.raises(NotJSONError, match=says):
        parse(text)


@pytest.mark.parametrize("text", ["[]", '{"hooks": null}', '{"hooks": []}', '{"hooks": {"Stop": {}}}'])
def test_a_file_of_another_shape_is_refused(text):
    with pytest.raises(NotJSONError, match="should be"):
        insert(text, ("hooks", "Stop"), OURS, item=True)
