"""What a plan costs, and plans of which only a part is run, or some of it again."""

import json
from pathlib import Path

import pytest

from audiomotion.files import read_json
from audiomotion.orchestrate.store import MANIFEST, ArtifactStore
from tests.cli.command_line import TINY, Ended, amx, train

TRAININGS = {"rvq", "evaluator", "masked", "residual", "length"}


def planned(store: Path | str, *args: object) -> dict:
    ended = amx("train", TINY, "--dry-run", "--json", "--store", store, *args)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def by_stage(plan: dict, key: str) -> dict[str, object]:
    return {stage["stage"]: stage[key] for stage in plan["stages"]}


def artifacts(store: Path) -> dict[str, float]:
    """Return when each artifact was published."""
    return {
        f"{path.parent.parent.name}/{path.parent.name}": path.stat().st_mtime_ns
        for path in store.glob(f"artifacts/*/*/{MANIFEST}")
    }


def test_a_new_seed_is_estimated_by_what_the_first_took(finished: Path) -> None:
    plan = planned(finished, "--seeds", 2)
    assert (plan["arms"], plan["seeds"]) == (1, 2)
    assert (plan["num_stages"], plan["without_sharing"], plan["to_run"]) == (14, 19, 4)
    waiting = [stage for stage in plan["stages"] if stage["status"] == "run"]
    assert {stage["stage"] for stage in waiting} == {"masked", "residual", "length", "evaluation"}
    assert {stage["basis"] for stage in waiting} == {"recorded"}
    seconds = sum(stage["seconds"] for stage in waiting)
    cost = plan["cost"]
    assert cost["cpu_hours"] * 3600 == pytest.approx(seconds)
    assert cost["gpu_hours"] == 0
    assert 0 < cost["longest_chain"]["seconds"] <= cost["wall_seconds"] <= seconds + 1e-9
    assert cost["longest_chain"]["stages"][-1] in ("evaluation", "length")
    assert (cost["unknown"], cost["rough"]) == ([], [])


def test_the_local_executor_runs_one_stage_at_a_time(finished: Path) -> None:
    cost = planned(finished, "--seeds", 2, "--executor", "local")["cost"]
    assert cost["wall_seconds"] == pytest.approx(cost["cpu_hours"] * 3600)
    ended = amx(
        "train", TINY, "--dry-run", "--seeds", 2, "--store", finished, "--executor", "local"
    )
    assert "1 arm × 2 seeds, 14 stages instead of 19, 4 to run" in ended.out
    assert "one stage at a time" in ended.out and "the longest chain takes" in ended.out


def test_what_never_ran_is_said_to_be_unknown() -> None:
    ended = amx("train", TINY, "--dry-run")
    (sentence,) = (line for line in ended.out.splitlines() if line.startswith("time unknown"))
    assert "masked" in sentence and "evaluation" in sentence and "--probe" in sentence
    assert planned("nowhere")["cost"]["wall_seconds"] == 0


def test_a_probe_measures_trainings_and_leaves_nothing(tmp_path: Path) -> None:
    plan = planned(tmp_path / "store", "--probe")
    bases = by_stage(plan, "basis")
    assert {stage for stage, basis in bases.items() if basis == "probed"} == TRAININGS
    assert all(by_stage(plan, "seconds")[stage] > 0 for stage in TRAININGS)
    assert plan["cost"]["unknown"] == ["dataset", "speak", "features", "evaluation", "reference"]
    assert list(tmp_path.iterdir()) == []


def test_what_was_recorded_is_not_probed(finished: Path) -> None:
    ended = amx("train", TINY, "--dry-run", "--probe", "--store", finished, "--seeds", 2)
    assert ended.code == 0
    assert "probed" not in ended.out + ended.err


def test_a_plan_too_long_to_read_is_summed_up() -> None:
    ended = amx("ablate", "feature-extractor", "--dry-run", "--seeds", 20, "--store", "nowhere")
    assert "4 arms × 20 seeds, 249 stages instead of" in ended.out
    (masked,) = (line for line in ended.out.splitlines() if "masked" in line and "│" in line)
    assert masked.split()[1::2] == ["masked", "80", "0", "80", "unknown"]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--only", "maskd"], ["--only: 'maskd' is not one of", "did you mean 'masked'?"]),
        (["--force", "text_features"], ["--force: 'text_features' is not one of", "rvq"]),
    ],
)
def test_a_stage_that_the_plan_does_not_have(option: list[str], words: list[str]) -> None:
    ended = amx("train", TINY, *option)
    assert ended.code == 2
    assert all(word in ended.problem for word in words)


def test_only_runs_up_to_a_stage_and_records_no_launch(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ended = train(store, "--only", "features", "--only", "rvq", "--json")
    assert ended.code == 0, ended.err
    made = {key.partition("/")[0] for key in artifacts(store)}
    assert made == {"dataset", "speak", "features", "rvq"}
    rows = json.loads(ended.out)
    assert {row["stage"] for row in rows} == {"features", "rvq"}
    assert all(Path(row["folder"]).is_dir() for row in rows)
    assert list((store / "runs").iterdir()) == []


def test_forced_stages_and_what_builds_on_them_are_made_again(store: Path) -> None:
    before = artifacts(store)
    plan = planned(store, "--force", "masked")
    forced = {name for name, status in by_stage(plan, "status").items() if status == "run (forced)"}
    assert forced == {"masked", "evaluation"}
    refused = train(store, "--force", "masked")
    assert refused.code == 2
    assert "throws away 2 artifacts" in refused.problem and "--yes" in refused.problem
    assert artifacts(store) == before

    assert train(store, "--force", "masked", "--yes").code == 0
    after = artifacts(store)
    assert set(after) == set(before)
    assert {key.partition("/")[0] for key in after if after[key] != before[key]} == {
        "masked",
        "evaluation",
    }


def test_forcing_what_is_not_there_throws_nothing_away(finished: Path) -> None:
    plan = planned(finished, "--force", "masked", "--set", "masked.num_layers=2")
    assert set(by_stage(plan, "status").values()) == {"run", "cached"}


def on_gpu(store: Path) -> Path:
    """Say in all records that a GPU was used for half an hour."""
    for path in store.glob(f"artifacts/*/*/{MANIFEST}"):
        manifest = read_json(path)
        manifest["environment"]["device"], manifest["seconds"] = "cuda", 1800.0
        path.write_text(json.dumps(manifest))
    return store


def with_gpus(store: Path, *args: object) -> Ended:
    on_cuda = ("--set", "runtime.device=cuda", "--set", "runtime.stages.masked.gpus=1")
    return train(store, "--seeds", 2, *on_cuda, *args)


def test_a_plan_above_its_budget_is_refused_before_anything_starts(damaged: Path) -> None:
    store, before = on_gpu(damaged), artifacts(damaged)
    ended = with_gpus(store, "--max-gpu-hours", 0.4)
    assert (ended.code, ended.out) == (2, "")
    assert "--max-gpu-hours 0.4" in ended.problem and "expected to take 0.5" in ended.problem
    assert artifacts(store) == before

    dry = with_gpus(store, "--max-gpu-hours", 0.4, "--dry-run")
    assert dry.code == 2 and "0.5 GPU-hours" in dry.out
    assert with_gpus(store, "--max-gpu-hours", 0.5, "--dry-run").code == 0


def test_what_earlier_attempts_used_counts(damaged: Path) -> None:
    store = on_gpu(damaged)
    (started,) = (store / "runs").iterdir()
    assert with_gpus(store, "--max-gpu-hours", 1, "--dry-run").code == 0
    plan = ("--seeds", 1, "--force", "masked", "--max-gpu-hours", 1, "--dry-run")
    assert with_gpus(store, *plan).code == 0
    (started / "gpu-time.json").write_text('{"gpu_seconds": 3000}')
    ended = with_gpus(store, *plan)
    assert ended.code == 2
    assert "earlier attempts used 0.833" in ended.problem
    finished = with_gpus(store, "--seeds", 1, "--max-gpu-hours", 0.1, "--dry-run")
    assert finished.code == 0  # nothing is left to be computed


def test_a_budget_of_gpus_is_no_matter_on_the_cpu(store: Path) -> None:
    assert train(store, "--max-gpu-hours", 0, "--set", "seed=7").code == 0
    assert len(list(ArtifactStore(store).artifacts("masked"))) == 2
