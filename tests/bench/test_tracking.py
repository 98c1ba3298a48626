"""Eight launches that write to one SQLite file at once lose nothing; how fast: `amx bench`."""

from pathlib import Path

from mlflow.tracking import MlflowClient

from audiomotion.bench.tracking import (
    EXPERIMENT,
    NUM_ARMS,
    NUM_METRICS,
    at_once_seconds,
    launch_seconds,
)
from audiomotion.track.tracker import default_uri


def stored(root: Path, name: str) -> list[int]:
    """Return how many metrics each arm of the launches `name…` has, and check their values."""
    client = MlflowClient(default_uri(root))
    (experiment,) = client.search_experiments(filter_string=f"name = '{EXPERIMENT}'")
    runs = client.search_runs(
        [experiment.experiment_id], "attributes.status = 'FINISHED' and tags.`amx.arm` = 'arm'"
    )
    arms = [
        run
        for run in runs
        if run.info.run_name.startswith(name) and "mlflow.parentRunId" in run.data.tags
    ]
    assert all(
        run.data.metrics == {f"metric{place}": place for place in range(len(run.data.metrics))}
        for run in arms
    )
    assert all(len(run.data.params) > 150 for run in arms)
    return [len(run.data.metrics) for run in arms]


def test_eight_launches_at_once_lose_no_metric(tmp_path: Path) -> None:
    (seconds,) = at_once_seconds(NUM_ARMS, NUM_METRICS, 1, tmp_path)
    assert len(seconds) == NUM_ARMS and min(seconds) > 0
    assert stored(tmp_path, "launch-") == [NUM_METRICS] * NUM_ARMS


def test_one_launch_of_several_arms(tmp_path: Path) -> None:
    assert launch_seconds("one", 2, 3, tmp_path) > 0
    assert stored(tmp_path, "one") == [3, 3]
