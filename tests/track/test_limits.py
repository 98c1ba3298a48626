"""Names and values at and past what MLflow takes, checked by MLflow's own rules."""

from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name, _validate_param_name, _validate_tag_name

from audiomotion.track.limits import (
    MAX_KEY,
    MAX_PARAM,
    fitting_name,
    flatten,
    parameters,
    part_of_name,
    shortened,
)


def test_nested_mappings_become_dotted_names():
    assert flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": None, "f": {}}) == [
        ("a.b.c", 1),
        ("a.d", [2]),
        ("e", None),
        ("f", {}),
    ]


def test_what_fits_is_as_it_was():
    found = parameters(
        {"a": {"b": 1, "c": [0.9, 0.99], "d": None, "e": True}, "f": "ö" * MAX_PARAM}
    )
    assert found.is_whole
    assert found.flat == {
        "a.b": "1",
        "a.c": "[0.9, 0.99]",
        "a.d": "None",
        "a.e": "True",
        "f": "ö" * MAX_PARAM,
    }


def test_a_value_one_character_too_long_is_cut_and_says_so():
    found = parameters({"a": "x" * (MAX_PARAM + 1)})
    assert not found.is_whole
    assert len(found.flat["a"]) == MAX_PARAM
    assert found.flat["a"].endswith("the whole is in configuration.json")


def test_no_leaf_is_lost_where_two_names_become_one():
    found = parameters({"a'b": 1, "a(b": 2, "x" * 400 + "1": 3, "x" * 400 + "2": 4})
    assert list(found.flat.values()) == ["1", "2", "3", "4"]
    assert not found.is_whole


@given(st.lists(st.text(min_size=1), max_size=4))
def test_mlflow_takes_what_any_arm_may_be_named(parts):
    name = "/".join(["fid", *filter(None, map(part_of_name, parts))])
    for check in (_validate_metric_name, _validate_param_name, _validate_tag_name):
        check(fitting_name(name))
    assert len(fitting_name(name)) <= MAX_KEY
    assert "/" not in part_of_name("a/b")


@given(st.text(), st.integers(min_value=60, max_value=200))
def test_a_shortened_text_fits_and_begins_as_the_whole_does(text, limit):
    found = shortened(text, limit, "a.md")
    assert len(found) <= limit
    kept, cut, _ = found.partition("\n\n… cut here")
    assert text.startswith(kept) if cut else found == text


def test_a_table_is_cut_between_its_rows():
    assert shortened("row one\nrow two\n" * 20, 120, "a.md").splitlines()[-3] == "row two"
