import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.datasets import DATASETS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.given import Origin, given
from audiomotion.config.overrides import merge, set_layer, with_section_defaults
from audiomotion.config.problems import find_problems
from audiomotion.config.recipe_schema import Recipe
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError

LOWER, UPPER = Origin("lower"), Origin("upper")


def merged(lower, upper):
    return merge(given(lower, LOWER), given(upper, UPPER))


def test_sections_are_merged_and_lists_replaced():
    result = merged({"a": {"b": 1, "c": [1, 2]}, "d": 1}, {"a": {"c": [3]}, "e": 2})
    assert result.plain() == {"a": {"b": 1, "c": [3]}, "d": 1, "e": 2}


def test_each_value_keeps_its_origin():
    result = merged({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    assert {path: str(item.origin) for path, item in result.leaves()} == {
        ("a", "b"): "lower",
        ("a", "c"): "upper",
    }


def test_another_name_is_another_part():
    lower = {"extractor": {"name": "wavlm", "weights": "some/hub-id", "revision": "abc"}}
    assert merged(lower, {"extractor": {"name": "encodec"}}).plain() == {
        "extractor": {"name": "encodec"}
    }
    assert merged(lower, {"extractor": {"name": "wavlm", "random_seed": 1}}).plain() == {
        "extractor": {**lower["extractor"], "random_seed": 1}
    }


ENCODER = {
    "condition_dim": 8,
    "latent_dim": 16,
    "num_heads": 2,
    "num_layers": 1,
    "norm_first": True,
    "num_condition_tokens": 4,
}


@pytest.mark.parametrize(
    ("upper", "result"),
    [
        ({"name": "transformer"}, ENCODER),
        ({"name": "transformer", "num_heads": 4}, {**ENCODER, "num_heads": 4}),
        # Other parts call a thing by the same name and mean another: conv1d has layers too.
        ({"name": "conv1d"}, {"condition_dim": 8}),
        ({"name": "avgpool", "num_segments": 3}, {"condition_dim": 8, "num_segments": 3}),
        ({"name": "memory-retrieval"}, {**ENCODER, "num_memory_tokens": 9, "residual": True}),
        ({"name": "transfrmer"}, {}),
    ],
)
def test_keys_that_mean_the_same_in_another_part_last(upper, result):
    own = {"num_memory_tokens": 9, "residual": True}
    lower = {"compressor": {"name": "memory-retrieval", **ENCODER, **own}}
    found = merged(lower, {"compressor": upper})
    assert found.plain() == {"compressor": {**result, "name": upper["name"]}}
    kept = found.get("compressor").get("condition_dim")
    assert kept is None or kept.origin == LOWER


def test_nothing_lasts_where_schemas_do_not_say_so():
    lower = {"dataset": {"name": "humanml3d", "min_frames": 40, "content": "abc"}}
    assert merged(lower, {"dataset": {"name": "kit"}}).plain() == {"dataset": {"name": "kit"}}
    lower = {"extractor": {"name": "wavlm", "revision": "abc", "random_seed": 3}}
    assert merged(lower, {"extractor": {"name": "encodec"}}).plain() == {
        "extractor": {"name": "encodec"}
    }


@pytest.mark.parametrize("family", [COMPRESSORS, DATASETS, EXTRACTORS])
def test_lasting_keys_are_fields(family):
    for schema in family.schemas.values():
        assert schema.lasting <= schema.model_fields.keys() - {"name"}


def test_another_name_of_the_recipe_changes_nothing_else():
    assert merged({"name": "a", "seed": 1}, {"name": "b"}).plain() == {"name": "b", "seed": 1}


@pytest.mark.parametrize(
    ("lower", "upper", "result"),
    [
        ({"epochs": 5}, {"max_steps": 7}, {"max_steps": 7}),
        ({"max_steps": 5}, {"epochs": 7}, {"epochs": 7}),
        ({"epochs": 5}, {"max_steps": None}, {"epochs": 5, "max_steps": None}),
        ({"guidance_scale": 4.0}, {"guidance_s": 4.0}, {"guidance_s": 4.0}),
        ({"weights": "a/b", "revision": "1"}, {"weights": "c/d"}, {"weights": "c/d"}),
        ({"weights": "random", "random_size": "tiny"}, {"weights": "c/d"}, {"weights": "c/d"}),
        ({"epochs": 5}, {"epochs": 6, "max_steps": 7}, {"epochs": 6, "max_steps": 7}),
    ],
)
def test_a_key_takes_the_place_of_those_it_contradicts(lower, upper, result):
    assert merged({"part": lower}, {"part": upper}).plain() == {"part": result}


_TREES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
_MAPPINGS = st.dictionaries(st.sampled_from("abc"), _TREES, max_size=3)


@settings(max_examples=100, deadline=None)
@for_all(_MAPPINGS, _MAPPINGS)
def test_merging_keeps_everything_that_the_upper_layer_gives(lower, upper):
    result = merged(lower, upper)
    assert merge(result, given(upper, UPPER)).plain() == result.plain()
    assert merged(lower, {}).plain() == lower
    assert merged({}, upper).plain() == upper


def test_a_section_given_in_part_keeps_the_defaults_of_its_field():
    values = with_section_defaults(given({"rvq": {"training": {"max_steps": 7}}}, UPPER), Recipe)
    training = values.plain()["rvq"]["training"]
    assert training["batch_size"] == 256
    assert training["max_steps"] == 7
    assert "epochs" not in training


def test_section_defaults_are_complete_and_valid():
    values = given(
        {
            "name": "x",
            "dataset": {"name": "demo"},
            "extractor": {"name": "log-mel"},
            "compressor": {"name": "memory-retrieval"},
            "generation": {"residual": {"temperature": 2.0}},
            "runtime": {"stages": {"rvq": {"cpus": 2}}},
        },
        UPPER,
    )
    config, problems = find_problems(with_section_defaults(values, Recipe), Recipe)
    assert problems == []
    assert config.generation.residual.guidance_scale == 5.0
    assert config.runtime.checkpoint_seconds == 30


@pytest.mark.parametrize(
    ("assignment", "values"),
    [
        ("a.b=2e-4", {"a": {"b": 2e-4}}),
        ("a=no", {"a": "no"}),
        ("a=", {"a": None}),
        ("a= b=c ", {"a": "b=c"}),
        ("a={b: [1, x]}", {"a": {"b": [1, "x"]}}),
    ],
)
def test_set_values_are_yaml(assignment, values):
    layer = set_layer([assignment])
    assert layer.plain() == values
    assert {str(item.origin) for _, item in layer.leaves()} == {f"--set {assignment}"}


def test_several_assignments_are_one_layer_in_any_order():
    assignments = ["a.b=1", "a.c={d: 2}", "a.c.e=3", "a.b=1"]
    expected = {"a": {"b": 1, "c": {"d": 2, "e": 3}}}
    assert set_layer(assignments).plain() == expected
    assert set_layer(assignments[::-1]).plain() == expected


def test_what_is_wrong_with_assignments_is_said_at_once():
    with pytest.raises(ConfigError) as caught:
        set_layer(["a", "=3", "a..b=1", "w=[1", "b.c=1", "b.c=2", "b=3", "b.c.d=4"])
    assert caught.value.problems == [
        "--set a: not KEY=VALUE, such as --set rvq.width=128",
        "--set =3: not KEY=VALUE, such as --set rvq.width=128",
        "--set a..b=1: not KEY=VALUE, such as --set rvq.width=128",
        "--set w=[1: value:1 column 3: not YAML: while parsing a flow sequence, "
        "expected ',' or ']', but got '<stream end>'",
        "--set b.c=2: b.c is also given by --set b.c=1",
        "--set b=3: b.c is also given by --set b.c=1",
        "--set b.c.d=4: b.c is also given by --set b.c=1",
    ]


def test_setting_a_name_replaces_the_part_whatever_the_order():
    sets = ["extractor.random_seed=3", "extractor.name=encodec"]
    for order in (sets, sets[::-1]):
        extractor = resolve("demo", sets=order)[0].experiment.extractor
        assert extractor.name == "encodec"
        assert extractor.random_seed == 3
