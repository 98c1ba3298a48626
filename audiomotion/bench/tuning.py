"""What searching costs besides measuring, how busy its workers are, and whether it finds."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from audiomotion.bench.made_up import MadeUp
from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.experiment import Experiment, GenerationConfig
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Resources
from audiomotion.config.search import SearchConfig, load_search
from audiomotion.evaluate.protocol import embed_real, evaluate_repeat
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import LocalPool, TrialPool, TrialTask
from audiomotion.report.guidance import SCALES
from audiomotion.tune.driver import EventKind, Limits
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.request import make_request
from audiomotion.tune.running import Means, Observe, run_search
from audiomotion.tune.trial import Trial

MOST_BESIDE: Final = 0.05
LEAST_BUSY: Final = 0.90
MOST_ABOVE: Final = 0.02
"""How far above the lowest value of a known surface a search may end."""

LOWEST: Final = (6.3, 3.1)
"""Scales at which the known surface is lowest."""


@dataclass(frozen=True)
class TuneSize:
    """How much is measured."""

    rounds: int
    """Searches of each kind that are timed, at least 5."""

    trials: int
    """Trials of a search that is timed."""

    clips: int
    """Clips of the split that a timed trial generates."""

    task_seconds: float
    """What a worker takes for a repeat, where it is measured how busy two are."""

    surface_trials: int
    """Trials on the known surface."""

    seeds: int
    """Searches on it, at least 5."""


FULL = TuneSize(5, trials=20, clips=128, task_seconds=0.5, surface_trials=200, seeds=20)
"""Some ten minutes on two cores."""

QUICK = TuneSize(5, trials=4, clips=40, task_seconds=0.1, surface_trials=30, seeds=5)
"""About a minute: for CI."""


def bench_tuning(size: TuneSize, folder: Path) -> Iterator[Cost]:
    """Yield each measurement as it is made; files go below `folder`, and are deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    yield beside_cost(size, folder)
    yield idle_cost(size, folder)
    yield from surface_costs(size, folder)


def beside_cost(size: TuneSize, folder: Path) -> Cost:
    """Measure what a search takes beside its trials' generation and metrics."""
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        worker = GeneratingWorker(size.clips, Path(name))
        worker.measure(TrialTask(0, 0, _experiment().model_dump(mode="json")))
        found = []
        for seed in range(size.rounds):
            worker.seconds = 0.0
            started = time.perf_counter()
            _search(folder, size.trials, seed, lambda: LocalPool(lambda: worker), repeats=2)
            found.append((time.perf_counter() - started) / worker.seconds - 1)
    return Cost("a search beside its trials", "× generating and metrics", Spread.of(found),
                at_most=MOST_BESIDE)  # fmt: skip


class GeneratingWorker:
    """A trial worker with a system of random weights; counts the time in which it works."""

    def __init__(self, num_clips: int, folder: Path) -> None:
        self.seconds = 0.0
        self._made_up = MadeUp(_experiment(), num_clips, "cpu")
        self._generator = self._made_up.generator(folder)
        self._evaluator = self._made_up.evaluator()
        made = self._made_up
        self._real = embed_real(made.items, made.real_features, self._evaluator)

    def measure(self, task: TrialTask) -> Mapping[str, float]:
        """Generate and measure the split once."""
        started = time.perf_counter()
        text = json.dumps(task.experiment["generation"])
        config = GenerationConfig.model_validate_json(text)
        self._generator.system.config = config
        protocol = _experiment().evaluation.model_copy(update={"multimodality_captions": 0})
        result = evaluate_repeat(
            task.repeat,
            self._generator,
            self._made_up.items,
            self._real,
            self._evaluator,
            protocol,
        )
        self.seconds += time.perf_counter() - started
        return result.metrics


def idle_cost(size: TuneSize, folder: Path) -> Cost:
    """Measure the share of their time in which two workers wait, from the first task to the last.

    A task waits instead of computing, so that two cores are enough for workers and search.
    """
    from audiomotion.orchestrate.ray_trials import RayPool

    def make_pool() -> TrialPool:
        return RayPool(Waiting(size.task_seconds), 2, Resources(), num_cpus=2)

    found = []
    for seed in range(size.rounds):
        watch = _Watch()
        _search(folder, 2 * size.trials, seed, make_pool, watch.event)
        found.append(1 - watch.busy / (2 * watch.wall))
    return Cost("two workers idle", "of their time", Spread.of(found), at_most=1 - LEAST_BUSY)


@dataclass(frozen=True)
class Waiting:
    """Makes workers that take a known time, and measure the surface."""

    task_seconds: float

    def __call__(self) -> "Waiting":
        """Return itself: there is nothing to load."""
        return self

    def measure(self, task: TrialTask) -> Mapping[str, float]:
        """Return the surface's value, some time later."""
        time.sleep(self.task_seconds)
        return Surface(0).measure(task)


class _Watch:
    """Adds up how long workers worked, and how long all of it took."""

    def __init__(self) -> None:
        self.busy = 0.0
        self._seconds: dict[int, float] = {}
        self._first: float | None = None
        self._last = 0.0

    @property
    def wall(self) -> float:
        """Seconds from the beginning of the first task to the end of the last."""
        assert self._first is not None
        return self._last - self._first

    def event(self, event: EventKind, trial: Trial, record: TuneRecord) -> None:
        """Take notice."""
        del record
        if event != "repeat" or trial.reused is not None:
            return
        spent = trial.seconds - self._seconds.get(trial.number, 0.0)
        self._seconds[trial.number] = trial.seconds
        self.busy += spent
        self._last = time.monotonic()
        self._first = self._last - spent if self._first is None else self._first


def surface_costs(size: TuneSize, folder: Path) -> Iterator[Cost]:
    """Search a known surface with many seeds; yield how far above its lowest value they end."""
    lowest = min(height(1 + x / 2, 1 + y / 2) for x in range(19) for y in range(19))
    above = []
    for seed in range(size.seeds):
        worker = Surface(seed)
        record = _search(folder, size.surface_trials, seed, _pool_of(worker))
        assert record.winner is not None
        params = record.trial(record.winner).params
        above.append(height(*(params[path] for path in SCALES)) / lowest - 1)
    name = f"{size.surface_trials} trials of a known surface"
    percent = Spread.of([100 * one for one in above])
    yield Cost(f"{name}: above its lowest value", "%", percent, at_most=100 * MOST_ABOVE)
    missed = float(sum(one > MOST_ABOVE for one in above))
    count = Spread(missed, missed, missed)
    yield Cost(f"{name}: of {size.seeds} seeds farther than 2 %", "seeds", count, at_most=0)


def _pool_of(worker: "Surface") -> Callable[[], TrialPool]:
    return lambda: LocalPool(lambda: worker)


def height(masked: float, residual: float) -> float:
    """Return the known surface at two scales: a slanted bowl."""
    x, y = masked - LOWEST[0], residual - LOWEST[1]
    return 0.5 + 0.05 * x * x + 0.02 * y * y + 0.01 * x * y


@dataclass(frozen=True)
class Surface:
    """A trial worker that computes the surface, with noise as sampling has it."""

    seed: int

    def measure(self, task: TrialTask) -> Mapping[str, float]:
        """Return the value: noise that all trials share in a repeat, and 1 % that they do not."""
        generation = task.experiment["generation"]
        scales = [generation[part]["guidance_scale"] for part in ("masked", "residual")]
        common = random.Random(repr((self.seed, task.repeat))).gauss(0, 0.05)
        own = random.Random(repr((self.seed, scales, task.repeat))).gauss(0, 0.005)
        return {"fid": height(*scales) + common + own}


@cache
def _experiment() -> Experiment:
    return resolve("demo", weights="random")[0].experiment


def _search(
    folder: Path,
    trials: int,
    seed: int,
    make_pool: Callable[[], TrialPool],
    on_event: Observe = lambda event, trial, record: None,
    **changes: Any,
) -> TuneRecord:
    """Run a whole search of both scales in a store of its own, as the command does."""
    values = load_search("cfg").model_dump(mode="json") | changes
    request = make_request(SearchConfig.model_validate(values), "demo", _experiment(), seed)
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        store = ArtifactStore(Path(name))
        store.prepare()
        means = Means(lambda: None, make_pool, Limits(trials), on_event=on_event)
        return run_search(request, store, means, lambda: None)
