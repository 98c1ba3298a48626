from pathlib import Path

import pytest

from audiomotion.config.recipes import find_recipe, list_recipes, load_recipe, shipped_folder
from audiomotion.errors import ConfigError

_SHIPPED = ", ".join(list_recipes("experiments"))


def test_the_shipped_recipes_are_listed():
    assert {"bandai", "demo", "humanml3d", "kit"} <= set(list_recipes("experiments"))
    assert "feature-extractor" in list_recipes("ablations")


def test_lookup_takes_a_path_then_the_users_folder_then_the_shipped(write):
    assert find_recipe("experiments", "kit") == shipped_folder("experiments") / "kit.yaml"
    write("a: 1", "own/kit.yaml")
    assert find_recipe("experiments", "kit", Path("own")) == Path("own/kit.yaml")
    write("a: 1", "own/experiments/kit.yaml")
    assert find_recipe("experiments", "kit", Path("own")) == Path("own/experiments/kit.yaml")
    write("a: 1", "kit")
    assert find_recipe("experiments", "kit", Path("own")) == Path("kit")


def test_the_users_recipes_are_listed_with_ours(write):
    write("a: 1", "own/mine.yaml")
    write("a: 1", "own/experiments/kit.yaml")
    listed = list_recipes("experiments", Path("own"))
    assert list(listed) == sorted([*list_recipes("experiments"), "mine"])
    assert listed["kit"] == Path("own/experiments/kit.yaml")


@pytest.mark.parametrize(
    ("kind", "name", "problem"),
    [
        (
            "experiments",
            "kitt",
            f"'kitt' is not one of the experiments {_SHIPPED}; "
            "did you mean 'kit'? (the path of a YAML file is accepted too)",
        ),
        ("experiments", "no/kit.yaml", "'no/kit.yaml' is no file; did you mean the recipe 'kit'?"),
    ],
)
def test_an_unknown_recipe(kind, name, problem):
    with pytest.raises(ConfigError) as caught:
        find_recipe(kind, name)
    assert caught.value.problems == [problem]


def test_a_missing_recipes_folder():
    with pytest.raises(ConfigError, match=r"^--recipes nowhere: no such folder$"):
        find_recipe("experiments", "kit", Path("nowhere"))


def test_a_recipe_lies_over_what_it_extends(write):
    write("seed: 1\nrvq: {width: 8, code_dim: 8}\n", "base.yaml")
    write("extends: base\nrvq: {width: 16}\n", "mine.yaml")
    recipe = load_recipe("mine.yaml")
    assert recipe.plain() == {"name": "mine", "seed": 1, "rvq": {"width": 16, "code_dim": 8}}
    assert {str(item.origin) for _, item in recipe.leaves()} == {
        "mine.yaml",
        "base.yaml:1",
        "base.yaml:2",
        "mine.yaml:2",
    }
    assert str(recipe.origin) == "mine.yaml"


def test_a_recipe_may_extend_the_shipped_one_of_its_own_name(write):
    write("extends: demo\nseed: 7\n", "own/demo.yaml")
    recipe = load_recipe("demo", Path("own")).plain()
    assert recipe["seed"] == 7
    assert recipe["dataset"]["name"] == "demo"


@pytest.mark.parametrize(
    ("extends", "problem"),
    [
        ("mine", "mine.yaml:1 extends: the recipe extends itself: mine.yaml -> mine.yaml"),
        (
            "other",
            "other.yaml:1 extends: the recipe extends itself: mine.yaml -> other.yaml -> mine.yaml",
        ),
        (
            "dmo",
            f"mine.yaml:1 extends: 'dmo' is not one of the experiments {_SHIPPED}; "
            "did you mean 'demo'?",
        ),
        ("5", "mine.yaml:1 extends: an integer where the name of a recipe belongs"),
    ],
)
def test_extends_that_leads_nowhere(write, extends, problem):
    write("extends: mine\n", "other.yaml")
    write(f"extends: {extends}\n")
    with pytest.raises(ConfigError) as caught:
        load_recipe("mine.yaml")
    assert caught.value.problems == [problem]
