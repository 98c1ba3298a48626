import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.config.yaml_file import dump_yaml, parse_value, parse_yaml, read_yaml
from audiomotion.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("12", 12),
        ("-3", -3),
        ("0123", 123),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-22", "2026-11-22"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("=", "="),
        ("<<", "<<"),
        ("[a, 1, 2e-4]", ["a", 1, 2e-4]),
        ("{a: {b: no}}", {"a": {"b": "no"}}),
        ("-.inf", -math.inf),
    ],
)
def test_scalars_mean_what_people_mean(text, value):
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_not_a_number_is_one():
    assert math.isnan(parse_value(".nan"))


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\ufeff"))
_SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT
_VALUE = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3)
)


@settings(max_examples=150, deadline=None)
@given(_VALUE)
def test_what_is_written_reads_back_the_same(value):
    parsed = parse_value(dump_yaml(value))
    assert parsed == value
    assert repr(parsed) == repr(value)


@pytest.mark.parametrize("text", ["no", "1e3", "2e-4", "12", "null", "1:30", "0o7", ".5", "True"])
def test_a_string_that_looks_like_something_else_reads_back_as_a_string(text):
    assert parse_value(dump_yaml([text])) == [text]


def test_every_key_and_item_knows_its_line_and_column():
    root = parse_yaml("a:\n  b: 1\n  c: [x,\n    y]\nd: 2\n", "r.yaml")
    a, d = root.get("a"), root.get("d")
    assert a is not None and d is not None
    c = a.get("c")
    assert c is not None
    positions = [(node.origin.line, node.origin.column) for node in (a, c, *c.value, d)]
    assert positions == [(1, 1), (3, 3), (3, 7), (4, 5), (5, 1)]
    assert str(c.origin) == "r.yaml:3"
    assert root.plain() == {"a": {"b": 1, "c": ["x", "y"]}, "d": 2}


def test_anchors_and_aliases_work():
    assert parse_yaml("a: &x {b: 1}\nc: *x\n", "r.yaml").plain() == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "a: 1\nb: {c: 1, c: 2}\na: 2\n",
            [
                "r.yaml:2 b.c: repeated key; first given on line 2",
                "r.yaml:3 a: repeated key; first given on line 1",
            ],
        ),
        ("12: x\n", ["r.yaml:1: the key 12 is an integer where a string belongs; quote it"]),
        ("true: x\n", ["r.yaml:1: the key true is a boolean where a string belongs; quote it"]),
        ("? [a]\n: 1\n", ["r.yaml:1: a list or a mapping cannot be a key"]),
        ("a: !secret x\n", ["r.yaml:1 a: the tag !secret does not fit 'x'"]),
        ("a: !!int x\n", ["r.yaml:1 a: the tag !!int does not fit 'x'"]),
        ("a: !!bool yes\n", ["r.yaml:1 a: the tag !!bool does not fit 'yes'"]),
        ("- a\n", ["r.yaml:1: a list where a mapping (key: value) belongs"]),
        ("\n\nwavlm", ["r.yaml:3: a string where a mapping (key: value) belongs"]),
        ("# nothing\n", ["r.yaml: the file is empty where a mapping (key: value) belongs"]),
        ("a: b: c\n", ["r.yaml:1 column 5: not YAML: mapping values are not allowed here"]),
        ("a: &a [*a]\n", ["r.yaml:1 a.0: an alias may not contain itself"]),
        ("[" * 5000, ["r.yaml: nested too deeply to be a configuration"]),
        (b"a: \xff", ["r.yaml: not YAML text: unacceptable character #x00ff: invalid start byte"]),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text, problems):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "r.yaml")
    assert caught.value.problems == problems


def test_two_documents_are_refused():
    with pytest.raises(ConfigError, match=r"r\.yaml:2 column 1: .* another document"):
        parse_yaml("a: 1\n---\n---\nb: 2\n", "r.yaml")


def test_a_file_that_cannot_be_read(write):
    write("", "folder/x")
    with pytest.raises(ConfigError, match=r"^folder: cannot be read: Is a directory$"):
        read_yaml(Path("folder"))


def test_a_file_below_the_working_directory_is_named_relative_to_it(write, tmp_path):
    name = write("a: 1\n", "experiments/x.yaml")
    assert str(read_yaml(tmp_path / name).origin) == name
