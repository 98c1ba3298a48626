"""A search over a known function: `python -m tests.tune.surface STORE TRIALS [KILL_AFTER]`.

No model takes part: a trial worker computes a formula, with noise that is common to all trials and
a little that is not. After KILL_AFTER events the process kills itself, as kill -9 would.
"""

import os
import random
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.config.search import SearchConfig
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import LocalPool, Measured, TrialPool, TrialTask
from audiomotion.tune.driver import EventKind, Limits
from audiomotion.tune.record import TrialRecord, TuneRecord
from audiomotion.tune.request import TuneRequest, make_request
from audiomotion.tune.running import Means, run_search
from audiomotion.tune.trial import Trial

MASKED = "generation.masked.guidance_scale"
RESIDUAL = "generation.residual.guidance_scale"
BEST = {MASKED: 6.3, RESIDUAL: 3.1}
LOWEST = 0.5


@cache
def experiment() -> Experiment:
    (arm,) = resolve("demo")
    return arm.experiment


def search(**changes: Any) -> SearchConfig:
    """Return a search over both scales."""
    values = {
        "name": "surface",
        "question": "Where is it lowest?",
        "parameters": {path: {"low": 1, "high": 10, "step": 0.5} for path in BEST},
        "repeats": 5,
    }
    return SearchConfig.model_validate(values | changes)


def request(config: SearchConfig | None = None, seed: int = 0) -> TuneRequest:
    return make_request(config or search(), "demo", experiment(), seed)


def height(masked: float, residual: float) -> float:
    """Return the function's value: a bowl whose lowest point is known."""
    x, y = masked - BEST[MASKED], residual - BEST[RESIDUAL]
    return LOWEST + 0.05 * x * x + 0.02 * y * y + 0.01 * x * y


class Surface:
    """A trial worker that computes the function; `calls` counts what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def measure(self, task: TrialTask) -> dict[str, float]:
        self.calls.append((task.number, task.repeat))
        generation = task.experiment["generation"]
        scales = [generation[part]["guidance_scale"] for part in ("masked", "residual")]
        common = random.Random(task.repeat).gauss(0, 0.05)
        own = random.Random(repr((scales, task.repeat))).gauss(0, 0.005)
        return {
            "fid": height(*scales) + common + own,
            "top3": 0.7 - 0.02 * abs(scales[0] - 3),
            "mm_distance": 3 + 0.1 * abs(scales[1] - 8),
        }


def run(
    root: Path,
    trials: int,
    config: SearchConfig | None = None,
    make_pool: Callable[[], TrialPool] = lambda: LocalPool(Surface),
    on_event: Callable[[EventKind, Trial, TuneRecord], None] = lambda *_: None,
    wait: Callable[[], None] = lambda: None,
    **limits: Any,
) -> TuneRecord:
    """Search in a store; what is done there already is not done again."""
    store = ArtifactStore(root)
    store.prepare()
    means = Means(lambda: None, make_pool, Limits(trials, **limits), on_event=on_event)
    return run_search(request(config), store, means, wait)


def told(record: TuneRecord) -> list[Mapping[str, Any]]:
    """Return what a search found, without what differs from one run to the next: times."""
    return [_without_times(trial) for trial in record.trials]


def _without_times(trial: TrialRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(trial).items() if name != "seconds"}


class ThreadsPool:
    """Two workers that end in turns other than they began in."""

    num_workers = 2

    def __init__(self) -> None:
        self.worker = Surface()
        self.waiting: list[TrialTask] = []
        self.most = 0

    def submit(self, task: TrialTask) -> None:
        self.waiting.append(task)
        self.most = max(self.most, len(self.waiting))

    def wait(self) -> Sequence[Measured]:
        place = random.Random(len(self.worker.calls)).randrange(len(self.waiting))
        task = self.waiting.pop(place)
        return [Measured(task, [self.worker.measure(task)], 0.1)]

    def close(self) -> None:
        self.waiting.clear()


def _killer(after: int) -> Callable[[EventKind, Trial, TuneRecord], None]:
    left = [after]

    def on_event(event: EventKind, trial: Trial, record: TuneRecord) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_event


if __name__ == "__main__":
    kill_after = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    run(
        Path(sys.argv[1]),
        int(sys.argv[2]),
        on_event=_killer(kill_after),
        wait=lambda: print("waiting", flush=True),
    )
