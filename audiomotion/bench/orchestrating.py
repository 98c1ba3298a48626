"""The cost of orchestration: arms that do nothing, many short stages, one artifact for many."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.bench.noop import noop, num_computed, warm_ups
from audiomotion.bench.planning import planning_costs
from audiomotion.bench.restarting import cached_cost, restart_cost
from audiomotion.bench.rivals import rival_costs
from audiomotion.bench.timing import Cost, Spread
from audiomotion.bench.tracking import tracking_costs
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.orchestrate.executor import worker_settings
from audiomotion.orchestrate.launch import Request, launch, new_record
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.report.tracked import TrackedLaunch
from audiomotion.stages.base import AnyStage
from audiomotion.track.tracker import Tracker

NUM_SLOTS = 8
SHORT_SECONDS = 0.05


@dataclass(frozen=True)
class OrchestrationSize:
    """How much is measured."""

    repeats: int
    """Measurements of each figure, at least 5."""

    arms: tuple[int, int]
    """Arms of the two launches whose difference is measured."""

    short_stages: int
    """Stages of `SHORT_SECONDS` each."""

    planned_arms: int
    """Arms and seeds of the plans that are made."""


FULL = OrchestrationSize(repeats=5, arms=(2, 22), short_stages=200, planned_arms=1000)
QUICK = OrchestrationSize(repeats=5, arms=(1, 3), short_stages=16, planned_arms=40)
"""Some minutes: for CI."""


def bench_orchestration(size: OrchestrationSize, folder: Path) -> Iterator[Cost]:
    """Yield each measurement as it is made; files go below `folder`, and are deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    yield arm_cost(size, folder)
    yield from rival_costs(size.repeats, size.arms, folder)
    yield schedule_cost(size, folder)
    yield requests_cost(size, folder)
    yield from planning_costs(size.repeats, size.planned_arms)
    yield cached_cost(size.repeats, folder)
    yield restart_cost(size.repeats, folder)
    yield from tracking_costs(size.repeats, folder)


def arm_cost(size: OrchestrationSize, folder: Path) -> Cost:
    """Measure what one more arm adds to a launch: its stage, its records, its MLflow run."""
    few, many = size.arms
    experiment = resolve("demo")[0].experiment
    marginal = []
    for _ in range(size.repeats):
        seconds = [launch_seconds(number, experiment, folder) for number in (few, many)]
        marginal.append((seconds[1] - seconds[0]) / (many - few))
    return Cost("one more arm that does nothing", "s", Spread.of(marginal), at_most=1.0)


def launch_seconds(num_arms: int, experiment: Experiment, folder: Path) -> float:
    """Return the time of a whole launch of arms that do nothing, from an empty store."""
    request = Request("ablation", "noop", _arms(num_arms, experiment), {})
    plan = Plan([Target(name, 0, noop(number)) for number, (name, _) in enumerate(request.arms)])
    with _store(folder) as store:
        run_folder = store.runs / new_record(request, plan).id
        run_folder.mkdir()
        started = time.perf_counter()
        tracker = Tracker(f"sqlite:///{store.root}/mlflow.db", store.root, run_folder)
        tracked = TrackedLaunch(tracker, store)
        launch(request, plan, store, _executor(store, NUM_SLOTS), tracked, _show_nothing, {})
        return time.perf_counter() - started


def _arms(number: int, experiment: Experiment) -> list[tuple[str, Experiment]]:
    return [
        (f"arm-{index}", experiment.model_copy(update={"seed": index})) for index in range(number)
    ]


def schedule_cost(size: OrchestrationSize, folder: Path) -> Cost:
    """Measure many short stages on few slots against max(longest path, work / slots)."""
    bound = max(SHORT_SECONDS, size.short_stages * SHORT_SECONDS / NUM_SLOTS)
    seconds = [schedule_seconds(size.short_stages, NUM_SLOTS, folder) for _ in range(size.repeats)]
    ratios = [value / bound for value in seconds]
    name = f"{size.short_stages} stages of {SHORT_SECONDS * 1000:.0f} ms on {NUM_SLOTS} slots"
    return Cost(name, "× the bound", Spread.of(ratios), at_most=1.10)


def schedule_seconds(number: int, num_slots: int, folder: Path) -> float:
    """Return the time from the end of the warm-up to the end of the last stage.

    The warm-up has every worker started, as in the middle of an axis.
    """
    warm = warm_ups(num_slots)
    short = [noop(index, SHORT_SECONDS, after=warm) for index in range(number)]
    with _store(folder) as store:
        ended: list[float] = []

        def on_event(event: str, stage: AnyStage | None) -> None:
            if event == "done":
                ended.append(time.perf_counter())

        schedule = Schedule([*warm, *short], {})
        _executor(store, num_slots).run(schedule, on_event)
        assert not schedule.failures, "a stage that only waits failed"
    return ended[-1] - ended[len(warm) - 1]


def requests_cost(size: OrchestrationSize, folder: Path) -> Cost:
    """Count the computations when eight processes want one artifact at once."""
    counts = [float(num_computations(NUM_SLOTS, folder)) for _ in range(size.repeats)]
    name = f"computations for {NUM_SLOTS} requests"
    return Cost(name, "", Spread.of(counts), at_most=1.0)


def num_computations(num_requests: int, folder: Path) -> int:
    """Return how often a stage is computed that as many processes want at the same time."""
    with _store(folder) as store:
        settings = worker_settings(noop(0), Runtime(device="cpu"), store, None)
        context = multiprocessing.get_context("spawn")
        processes = [
            context.Process(target=_request, args=(settings,)) for _ in range(num_requests)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert all(process.exitcode == 0 for process in processes), "a request failed"
        return num_computed(store.cache)


def _request(settings: WorkerSettings) -> None:
    run_stage(noop(0, seconds=0.5), settings)


def _executor(store: ArtifactStore, num_slots: int) -> RayExecutor:
    """Return an executor with so many slots on this machine, however many cores it has."""
    share = (os.cpu_count() or 1) / num_slots
    stages = StageResources(evaluation=Resources(cpus=share))
    return RayExecutor(store, None, Runtime(device="cpu", stages=stages))


@contextmanager
def _store(folder: Path) -> Iterator[ArtifactStore]:
    """Give an empty store."""
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        store = ArtifactStore(Path(name))
        store.prepare()
        yield store


def _show_nothing(event: str, stage: AnyStage | None) -> None:
    """Show nothing: no display is measured."""
