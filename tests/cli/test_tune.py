"""`amx tune` on a tiny real system, whose figures are noise."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from audiomotion.files import read_json
from audiomotion.orchestrate.store import ArtifactStore
from tests.cli.command_line import TINY, Ended, amx, run, start
from tests.orchestrate.processes import wait_until

SYSTEM = """\
extends: {tiny}
name: tuned
dataset: {{num_clips: 128}}
evaluation: {{pool_size: 4, unique_captions: false, split: test}}
"""
TRAINING = """\
question: Which rate?
parameters:
  masked.training.learning_rate: {low: 1e-4, high: 1e-2, log: true}
objective: {metrics: [top3], constraints: {fid: {at_most: 1000}}}
repeats: 1
trials: 2
"""
MASKED = "generation.masked.guidance_scale"


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "experiments").mkdir()
    (folder / "experiments" / "tuned.yaml").write_text(SYSTEM.format(tiny=TINY))
    (folder / "tune").mkdir()
    (folder / "tune" / "rate.yaml").write_text(TRAINING)
    (folder / "tune" / "tested.yaml").write_text(TRAINING + "split: test\n")
    return folder


def tune(recipes: Path, store: Path, *args: object, search: str = "cfg") -> Ended:
    system = () if "--run" in args else ("--dataset", "tuned")
    place = ("--recipes", recipes, "--store", store, "--executor", "local", "--no-test")
    return amx("tune", search, *system, *place, *args)


@pytest.fixture(scope="module")
def finished(recipes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    store = tmp_path_factory.mktemp("tune") / "store"
    return store, tune(recipes, store, "--trials", 4, "--json")


@pytest.fixture
def store(finished: tuple[Path, Ended], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


def artifacts(store: Path) -> set[str]:
    return {artifact.fingerprint for artifact in ArtifactStore(store).artifacts()}


def test_a_search_trains_what_is_missing_and_measures_the_validation_split(
    finished: tuple[Path, Ended],
) -> None:
    store, ended = finished
    assert ended.code == 0, ended.err
    record = json.loads(ended.out)
    assert [trial["number"] for trial in record["trials"]] == [0, 1, 2, 3]
    assert record["split"] == record["experiment"]["evaluation"]["split"] == "val"
    assert record["trials"][0]["params"][MASKED] == 4.0
    assert (record["baseline"], record["status"]) == (0, "done")
    done = [trial for trial in record["trials"] if trial["status"] == "done"]
    assert all(len(trial["repeats"]) == 5 for trial in done)
    winner = record["trials"][record["winner"]]
    assert winner["values"] == min(trial["values"] for trial in done)
    assert "MoMask's c" in record["convention"]
    assert set(record["fingerprints"].values()) <= artifacts(store)
    assert not list(store.glob("artifacts/evaluation/*"))


def test_the_same_command_computes_nothing(recipes: Path, store: Path) -> None:
    before = artifacts(store)
    journal = next(store.glob("runs/*/trials.jsonl")).read_bytes()
    ended = tune(recipes, store, "--trials", 4)
    assert ended.code == 0, ended.err
    assert "nothing to compute" in ended.err
    assert "the paper's s is c - 1" in ended.out and "val split" in ended.out
    assert next(store.glob("runs/*/trials.jsonl")).read_bytes() == journal
    assert artifacts(store) == before


def test_more_trials_train_nothing(recipes: Path, store: Path) -> None:
    before = artifacts(store)
    ended = tune(recipes, store, "--trials", 5, "--no-train", "--json")
    assert len(json.loads(ended.out)["trials"]) == 5
    assert artifacts(store) == before


def test_a_search_is_listed_shown_and_kept_among_the_launches(store: Path) -> None:
    listed = amx("runs", "list", "--store", store)
    assert "search" in listed.out and "tune-cfg-demo-" in listed.out
    shown = amx("runs", "show", "tune-cfg", "--store", store)
    assert "winner" in shown.out and MASKED in shown.out
    content = json.loads(amx("runs", "show", "tune-cfg", "--store", store, "--json").out)
    assert content["search"]["name"] == "cfg"
    before = artifacts(store)
    assert amx("artifacts", "gc", "--store", store, "--older-than", "0", "--yes").code == 0
    assert artifacts(store) == before


def test_a_dry_run_shows_the_cost_and_writes_nothing(recipes: Path, store: Path) -> None:
    before = artifacts(store)
    plan = json.loads(tune(recipes, store, "--trials", 10, "--dry-run", "--json").out)
    assert plan["trials"]["trials"] == 6
    assert plan["trials"]["workers"] == 1
    assert plan["trials"]["basis"] == "recorded"
    assert plan["trials"]["wall_seconds"] == pytest.approx(6 * plan["trials"]["trial_seconds"])
    assert plan["to_run"] == []
    assert artifacts(store) == before


def test_probing_measures_a_trial(recipes: Path, store: Path) -> None:
    for folder in store.glob("runs/*"):
        shutil.rmtree(folder)
    unknown = tune(recipes, store, "--dry-run")
    assert "time of a trial unknown before a first one" in unknown.out
    assert "(probed)" in tune(recipes, store, "--dry-run", "--probe").out
    assert not list(store.glob("runs/*"))


def test_an_empty_store_shows_what_would_be_trained(recipes: Path, tmp_path: Path) -> None:
    ended = tune(recipes, tmp_path / "none", "--dry-run")
    assert "masked" in ended.out and "60 trials to run" in ended.out
    refused = tune(recipes, tmp_path / "none", "--no-train")
    assert refused.code == 2
    assert "rvq, evaluator, speak, features, masked, residual of tuned are not in" in (
        refused.problem
    )
    assert not (tmp_path / "none").exists()


def test_a_search_that_trains_shares_what_is_equal(recipes: Path, store: Path) -> None:
    before = artifacts(store)
    ended = tune(recipes, store, "--json", search="rate")
    assert ended.code == 0, ended.err
    record = json.loads(ended.out)
    assert [trial["status"] for trial in record["trials"]] == ["done", "done"]
    new = [one for one in ArtifactStore(store).artifacts() if one.fingerprint not in before]
    names = sorted(one.stage for one in new)
    # One of the two trials has the experiment's own rate, or none has: nothing else is trained.
    assert names in (
        ["evaluation", "evaluation", "masked"],
        ["evaluation", "evaluation", "masked", "masked"],
    )
    assert amx("artifacts", "gc", "--store", store, "--older-than", "0", "--yes").code == 0
    assert {one.fingerprint for one in new} <= artifacts(store)
    listed = json.loads(amx("runs", "list", "--store", store, "--json").out)
    launch = next(one for one in listed if one["title"] == "rate")
    assert [arm["arm"] for arm in launch["arms"]] == ["tuned", "trial-0", "trial-1"]
    assert all(read_json(path) for path in store.glob("runs/*/tune.json"))


def test_what_a_launch_trained_is_tuned_as_it_was(recipes: Path, store: Path) -> None:
    place = ("--recipes", recipes, "--store", store, "--executor", "local")
    trained = amx("train", "tuned", *place, "--seeds", 2)
    assert trained.code == 0, trained.err
    run_id = next(path.name for path in store.glob("runs/tuned-*"))
    several = tune(recipes, store, "--run", run_id, "--no-train")
    assert several.problem.endswith("--arm tuned --seed 0, --arm tuned --seed 1; choose one")
    args = ("--run", run_id, "--arm", "tuned", "--seed", 1, "--no-train", "--trials", 2)
    ended = tune(recipes, store, *args, "--json")
    assert ended.code == 0, ended.err
    record = json.loads(ended.out)
    assert record["experiment"]["seed"] == 1
    wrong = tune(recipes, store, "--run", run_id, "--arm", "tunde")
    assert "did you mean 'tuned'?" in wrong.problem
    both = tune(recipes, store, "--run", run_id, "--set", "seed=1")
    assert "leave --dataset, --set and --weights out" in both.problem


def test_tuning_on_the_test_split_is_refused_or_said_everywhere(recipes: Path, store: Path) -> None:
    refused = tune(recipes, store, search="tested")
    assert refused.code == 2
    assert "tested: split test: what is tuned on the test split cannot be tested on it" in (
        refused.problem
    )
    ended = tune(recipes, store, "--trials", 2, "--force-test-split")
    assert ended.code == 0, ended.err
    assert "test (forced: these figures are no test) split" in ended.out
    shown = json.loads(tune(recipes, store, "--trials", 2, "--force-test-split", "--json").out)
    assert (shown["split"], shown["forced_test_split"]) == ("test", True)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("cgf",), "'cgf' is not one of the searches"),
        (("cfg", "--dataset", "nowhere"), "'nowhere' is not one of the experiments"),
        (("cfg", "--arm", "compressor"), "--arm compressor: not AXIS:ARM"),
        (("cfg", "--arm", "compressor:avgpol-8"), "did you mean 'avgpool-8'?"),
        (("cfg", "--executor", "local", "--workers", 2), "--executor local measures one trial"),
        (("cfg", "--run", "nothing"), "there are no launches here"),
        (("optimizer", "--no-train"), "--no-train: every trial of optimizer trains"),
    ],
)
def test_what_is_asked_for_wrongly_is_one_sentence(
    tmp_path: Path, args: tuple[object, ...], problem: str
) -> None:
    ended = amx("tune", *args, "--store", tmp_path / "store")
    assert ended.code == 2
    assert problem in ended.problems[-1]
    assert not (tmp_path / "store").exists()


def test_an_arm_of_an_axis_is_tuned(recipes: Path, tmp_path: Path) -> None:
    args = ("--arm", "compressor:avgpool-8", "--dry-run", "--json")
    arm = json.loads(tune(recipes, tmp_path, *args).out)
    own = json.loads(tune(recipes, tmp_path, "--dry-run", "--json").out)
    assert arm["id"] != own["id"]


def test_searches_are_listed_with_their_questions(recipes: Path) -> None:
    ended = amx("list", "searches", "--recipes", recipes)
    assert "Which guidance scales give the best motion?" in ended.out
    assert "rate" in ended.out


def test_ctrl_c_is_130_and_the_same_command_goes_on(recipes: Path, store: Path) -> None:
    place = ("--recipes", recipes, "--store", store, "--executor", "local")
    args = ("tune", "cfg", "--dataset", "tuned", *place, "--seed", 5, "--trials", 200)
    process = start(*args)
    run_ids = {path.parent.name for path in store.glob("runs/*/trials.jsonl")}

    def begun() -> bool:
        journals = [p for p in store.glob("runs/*/trials.jsonl") if p.parent.name not in run_ids]
        return any(path.read_text().count("\n") > 20 for path in journals)

    wait_until(begun, "some trials")
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same command continues" in err
    again = run(*args[:-1], 6, "--json", PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    assert again.code == 0, again.err
    record = json.loads(again.out)
    assert [trial["number"] for trial in record["trials"]] == list(range(len(record["trials"])))
    assert {trial["status"] for trial in record["trials"]} <= {"done", "pruned"}
