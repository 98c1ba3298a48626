"""What `amx tune` leaves: a test on the test split, MLflow, plots, recipes, other launches."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audiomotion.files import read_json
from tests.cli.command_line import TINY, Ended, amx

SYSTEM = """\
extends: {tiny}
name: tuned
dataset: {{num_clips: 128}}
evaluation: {{pool_size: 4, unique_captions: false, repeats: 2}}
"""
MASKED = "generation.masked.guidance_scale"
RESIDUAL = "generation.residual.guidance_scale"


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "experiments").mkdir()
    (folder / "experiments" / "tuned.yaml").write_text(SYSTEM.format(tiny=TINY))
    return folder


def tune(recipes: Path, store: Path, *args: object) -> Ended:
    place = ("--recipes", recipes, "--store", store, "--executor", "local")
    return amx("tune", "cfg", "--dataset", "tuned", *place, *args)


@pytest.fixture(scope="module")
def finished(recipes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    store = tmp_path_factory.mktemp("tune") / "store"
    return store, tune(recipes, store, "--trials", 4, "--json")


@pytest.fixture
def store(finished: tuple[Path, Ended], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


def mlflow_runs(store: Path, name: str) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store}/mlflow.db")
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def run_folder(store: Path) -> Path:
    return next(store.glob("runs/tune-*"))


def test_what_won_is_measured_once_on_the_test_split(finished: tuple[Path, Ended]) -> None:
    store, ended = finished
    assert ended.code == 0, ended.err
    arms = set(json.loads(ended.out)["test"]["columns"]["arm"])
    assert arms >= {"best", "as-given", "paper-c", "paper-s", "no-guidance"}
    launch = read_json(next(store.glob("runs/cfg-test-*/run.json")))
    protocols = [arm["experiment"]["evaluation"] for arm in launch["arms"]]
    assert {(one["split"], one["repeats"]) for one in protocols} == {("test", 2)}
    generations = {arm["arm"]: arm["experiment"]["generation"] for arm in launch["arms"]}
    scales = {
        arm: tuple(one[part]["guidance_scale"] for part in ("masked", "residual"))
        for arm, one in generations.items()
    }
    assert scales["paper-c"] == (4, 5)
    assert scales["paper-s"] == (5, 6)
    assert scales["no-guidance"] == (1, 1)
    keys = {arm["arm"]: arm["fingerprints"]["evaluation"] for arm in launch["arms"]}
    assert keys["as-given"] == keys["paper-c"]


def test_the_test_is_printed_under_the_search_with_what_scales_mean(store: Path) -> None:
    shown = amx("runs", "show", "tune-cfg", "--store", store)
    assert "measured once on the test split" in shown.out
    text = " ".join(shown.out.split())
    assert "paper-s (5, 6), no-guidance (1, 1); guidance_scale is MoMask's c" in text
    assert "One and the same system, measured once:" in text and "as-given, paper-c" in text
    assert "one training seed: noise of sampling only" in text


def test_the_same_command_tests_nothing_twice(recipes: Path, store: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.glob("artifacts/*/*/manifest.json")}
    again = tune(recipes, store, "--trials", 4)
    assert again.code == 0, again.err
    after = {path: path.stat().st_mtime_ns for path in store.glob("artifacts/*/*/manifest.json")}
    assert after == before


def test_without_a_test_nothing_is_measured_on_it(recipes: Path, store: Path) -> None:
    shutil.rmtree(store / "artifacts" / "evaluation")
    ended = tune(recipes, store, "--trials", 4, "--no-test", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["test"] is None
    assert not (store / "artifacts" / "evaluation").exists()


def test_mlflow_has_a_run_a_trial_below_one_parent(finished: tuple[Path, Ended]) -> None:
    store, ended = finished
    record = json.loads(ended.out)
    runs = {run.info.run_name: run for run in mlflow_runs(store, "tune-cfg-demo")}
    parent = runs.pop(record["id"])
    assert sorted(runs) == [f"trial {number}" for number in range(4)]
    for trial in record["trials"]:
        run = runs[f"trial {trial['number']}"]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["amx.status"] == trial["status"]
        assert float(run.data.params[MASKED]) == trial["params"][MASKED]
        if trial["status"] == "done":
            assert run.info.status == "FINISHED"
            assert run.data.metrics["objective/fid"] == pytest.approx(trial["values"][0])
    winner = record["trials"][record["winner"]]
    assert parent.info.status == "FINISHED"
    assert parent.data.tags[f"amx.best.{MASKED}"] == str(winner["params"][MASKED])
    assert parent.data.metrics["objective/fid"] == pytest.approx(winner["values"][0])
    assert "test/fid/best" in parent.data.metrics
    left = {path.name for path in store.glob(f"mlartifacts/**/{parent.info.run_id}/artifacts/*")}
    assert {"tune.json", "test.md", "best.yaml", "history.png"} <= left


def test_what_mlflow_lacks_is_made_up_for(recipes: Path, store: Path) -> None:
    (store / "mlflow.db").unlink()
    for state in store.glob("runs/*/mlflow.json"):
        state.unlink()
    assert tune(recipes, store, "--trials", 4).code == 0
    names = {run.info.run_name for run in mlflow_runs(store, "tune-cfg-demo")}
    assert len(names) == 5


def test_plots_are_written(store: Path, tmp_path: Path) -> None:
    ended = amx("tune", "plots", "tune-cfg", "--store", store, "-o", tmp_path / "plots")
    assert ended.code == 0, ended.err
    written = [Path(line) for line in ended.out.splitlines()]
    assert {"contour.png", "history.png"} <= {path.name for path in written}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


@pytest.mark.parametrize("known", [True, False])
def test_the_best_recipe_is_what_was_tuned_with_what_won(
    recipes: Path, store: Path, tmp_path: Path, *, known: bool
) -> None:
    path = tmp_path / "best.yaml"
    found = ("--recipes", recipes) if known else ()
    ended = amx("tune", "best", "tune-cfg", "--store", store, "-o", path, *found)
    assert ended.code == 0, ended.err
    assert ("extends: tuned" in path.read_text()) is known
    launch = ("--dataset", path, "--store", store, *found, "--dry-run", "--json")
    planned = amx("ablate", "compressor", *launch)
    assert planned.code == 0, planned.err
    record = read_json(run_folder(store) / "tune.json")
    values = {
        row["path"]: row["value"] for row in json.loads(amx("config", path, *found, "--json").out)
    }
    assert values[MASKED] == record["trials"][record["winner"]]["params"][MASKED]


@pytest.mark.parametrize("run", ["best", "tune-cfg"])
def test_a_launch_takes_what_a_search_found(recipes: Path, store: Path, run: str) -> None:
    place = ("--recipes", recipes, "--store", store, "--executor", "local")
    ended = amx("train", "tuned", *place, "--guidance", run, "--set", f"{RESIDUAL}=3", "--json")
    assert ended.code == 0, ended.err
    record = read_json(run_folder(store) / "tune.json")
    won = record["trials"][record["winner"]]["params"][MASKED]
    assert f"--guidance: {MASKED}={won}, from {record['id']}" in ended.err
    launch = read_json(next(store.glob("runs/tuned-*/run.json")))
    generation = launch["arms"][0]["experiment"]["generation"]
    assert generation["masked"]["guidance_scale"] == won
    assert generation["residual"]["guidance_scale"] == 3


def test_guidance_that_nobody_searched_is_an_error(recipes: Path, tmp_path: Path) -> None:
    ended = amx("train", "tuned", "--recipes", recipes, "--store", tmp_path, "--guidance", "best")
    assert ended.code == 2
    assert "no finished search of demo is in" in ended.problem


def test_a_report_shows_the_plane_of_scales(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ended = amx("report", "cfg-test", "--store", store, "-o", page)
    assert ended.code == 0, ended.err
    assert "Guidance scales" in page.read_text() and "read as s = c" in page.read_text()
