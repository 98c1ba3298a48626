"""What tracking adds to an arm: launches that write to one SQLite file at once, and one alone."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.resolve import resolve
from audiomotion.files import read_json, write_json
from audiomotion.track.tracker import Tracker, default_uri

NUM_ARMS: Final = 8
NUM_METRICS: Final = 200
TARGET_SECONDS: Final = 2.0

EXPERIMENT: Final = "tracking-demo"
_PRELOADED: Final = ("mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", __name__)
"""Imported once for all launches: eight imports of MLflow at once take a minute on two cores."""

_TAGS: Final = {"amx.arm": "arm", "amx.seed": "0"}


def tracking_costs(repeats: int, folder: Path) -> Iterator[Cost]:
    """Yield what an arm's runs, parameters and metrics take, from opening to closing them."""
    name = f"tracking {NUM_METRICS} metrics of an arm"
    with TemporaryDirectory(dir=folder, prefix="bench-") as root:
        rounds = at_once_seconds(NUM_ARMS, NUM_METRICS, repeats, Path(root))
    slowest = Spread.of([max(seconds) for seconds in rounds])
    yield Cost(f"{name}, slowest of {NUM_ARMS} launches at once", "s", slowest, TARGET_SECONDS)
    with TemporaryDirectory(dir=folder, prefix="bench-") as root:
        seconds = [
            launch_seconds(f"launch-{number}", NUM_ARMS, NUM_METRICS, Path(root)) / NUM_ARMS
            for number in range(repeats + 1)
        ]
    # The first one made the tables, and imported MLflow.
    yield Cost(f"{name}, one launch of {NUM_ARMS}", "s", Spread.of(seconds[1:]), TARGET_SECONDS)


def at_once_seconds(
    num_launches: int, num_metrics: int, rounds: int, root: Path
) -> list[list[float]]:
    """Return by round the time of each of several launches of one arm, in processes of their own.

    They begin each round together, on one SQLite file below `root`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    barrier = context.Barrier(num_launches)
    processes = [
        context.Process(target=_take_part, args=(number, num_metrics, rounds, root, barrier))
        for number in range(num_launches)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes), "a launch was not tracked"
    seconds = [read_json(_answer(root, number)) for number in range(num_launches)]
    return [list(one) for one in zip(*seconds, strict=True)]


def _take_part(number: int, num_metrics: int, rounds: int, root: Path, barrier: Barrier) -> None:
    launch_seconds(f"warm-up-{number}", 1, 1, root)
    found = []
    for place in range(rounds):
        barrier.wait()
        found.append(launch_seconds(f"launch-{number}-{place}", 1, num_metrics, root))
    write_json(_answer(root, number), found)


def _answer(root: Path, number: int) -> Path:
    return root / f"seconds-{number}.json"


def launch_seconds(name: str, num_arms: int, num_metrics: int, root: Path) -> float:
    """Return the time from opening a launch's runs to closing them; only tracking is done."""
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    configuration = _configuration()
    started = time.perf_counter()
    tracker = Tracker(default_uri(root), root, folder)
    arms = [f"{name}/arm{number}" for number in range(num_arms)]
    tracker.open_runs(EXPERIMENT, name, _TAGS, {arm: (configuration, _TAGS) for arm in arms})
    for arm in arms:
        tracker.log_metrics(arm, {f"metric{place}": float(place) for place in range(num_metrics)})
        tracker.end(arm, "FINISHED", "done")
    tracker.end("", "FINISHED", "done")
    return time.perf_counter() - started


def _configuration() -> Mapping[str, Any]:
    return resolve("demo")[0].experiment.model_dump(mode="json")
