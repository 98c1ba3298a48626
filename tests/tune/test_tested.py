"""What a search's test compares, and the recipe of what won."""

from dataclasses import replace

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError
from audiomotion.report.guidance import SCALES, guidance_notes, paper_points
from audiomotion.tune.recipe import best_params, best_recipe
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.request import make_request
from audiomotion.tune.tested import final_request
from tests.report.launches import experiment, launch
from tests.report.launches import failed as arm
from tests.tune import surface


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> TuneRecord:
    return surface.run(tmp_path_factory.mktemp("store"), 8)


def test_the_paper_is_read_in_both_ways() -> None:
    assert paper_points("humanml3d") == {"paper-c": (4, 5), "paper-s": (5, 6)}
    assert paper_points("kit") == {"paper-c": (2, 5), "paper-s": (3, 6)}


def test_the_test_has_the_recipes_repeats_and_the_test_split(record: TuneRecord) -> None:
    request = final_request(record)
    assert request is not None
    names = [name for name, _ in request.arms]
    assert names == ["best", "as-given", "paper-c", "paper-s", "no-guidance"]
    recipe = resolve("demo")[0].experiment.evaluation
    assert all(one.evaluation == recipe for _, one in request.arms)
    assert record.winner is not None
    best = dict(request.arms)["best"].generation
    wanted = [record.trial(record.winner).params[path] for path in SCALES]
    assert [best.masked.guidance_scale, best.residual.guidance_scale] == wanted


def test_kit_has_its_own_point() -> None:
    (kit,) = resolve("kit")
    request = make_request(surface.search(), "kit", kit.experiment, 0)
    assert request.as_given == kit.experiment
    assert request.experiment.evaluation.split == "val"


def test_a_search_without_scales_compares_the_winner_alone(record: TuneRecord) -> None:
    path = "generation.masked.temperature"
    search = {**record.search, "parameters": {path: {"low": 0.5, "high": 1.5}}}
    trials = [replace(trial, params={path: 0.7}) for trial in record.trials]
    request = final_request(replace(record, search=search, trials=trials))
    assert request is not None
    assert [name for name, _ in request.arms] == ["best", "as-given"]


def test_what_was_tuned_on_the_test_split_is_not_tested_on_it(record: TuneRecord) -> None:
    assert final_request(replace(record, split="test", forced_test_split=True)) is None
    assert final_request(replace(record, winner=None)) is None


def test_a_recipe_says_where_it_comes_from_and_what_scales_mean(record: TuneRecord) -> None:
    text = best_recipe(record)
    assert "extends: demo" in text
    assert f"# Found by {record.id}: fid" in text and "on the val split" in text
    assert "MoMask's c" in text
    with pytest.raises(ConfigError, match="has no winner"):
        best_params(replace(record, winner=None))


def test_scales_are_said_where_arms_differ_or_were_searched(tmp_path) -> None:
    other = experiment(0)
    other = {**other, "generation": {**other["generation"], "masked": {"guidance_scale": 2.0}}}
    one, two = arm("a", 0, "x"), replace(arm("b", 0, "x"), experiment=other)
    assert guidance_notes(launch(tmp_path, one)) == []
    (note,) = guidance_notes(launch(tmp_path, one, two))
    assert "a (4, 5), b (2, 5); guidance_scale is MoMask's c" in note
    (note,) = guidance_notes(launch(tmp_path, one, axis={"guidance_trials": 7}))
    assert "found on the validation split by a search of 7 trials" in note
