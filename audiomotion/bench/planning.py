"""How fast a large ablation is planned."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.resolve import resolve
from audiomotion.orchestrate.forecast import forecast
from audiomotion.orchestrate.launch import Request, make_plan
from audiomotion.orchestrate.slots import Slots
from audiomotion.orchestrate.store import ArtifactStore

NUM_ARMS = 1000
TARGET_SECONDS = 2.0
"""For so many arms."""

_SLOTS = Slots(cpus=64, gpus=8)


@dataclass(frozen=True)
class PlanningFigures:
    """What planning took, part by part."""

    axis: str
    """How the arms come about: one axis of so many arms, or a few arms and many seeds."""
    num_arms: int
    """Arms and seeds."""
    num_stages: int
    """Different stages."""
    seconds: Mapping[str, float]
    """Of each part."""

    @property
    def total_seconds(self) -> float:
        """Seconds of all parts."""
        return sum(self.seconds.values())


def planning_costs(repeats: int, num_arms: int = NUM_ARMS) -> Iterator[Cost]:
    """Yield what planning takes in both ways to come by many arms."""
    planning_figures(num_arms)  # the first also imports
    at_most = TARGET_SECONDS if num_arms == NUM_ARMS else None
    for ways in zip(*(planning_figures(num_arms) for _ in range(repeats)), strict=True):
        spread = Spread.of([figures.total_seconds for figures in ways])
        yield Cost(f"planning {num_arms} arms: {ways[0].axis}", "s", spread, at_most)


def planning_figures(num_arms: int = NUM_ARMS) -> list[PlanningFigures]:
    """Measure from the axis' file to the cost, on an empty store; nothing is run.

    Once for one axis of `num_arms` arms that share next to nothing, once for four arms and as many
    seeds as make up the same number.
    """
    with TemporaryDirectory(prefix="amx-planning-") as name:
        folder = Path(name)
        return [
            _measure(folder, "one axis", num_arms, None),
            _measure(folder, "four arms, many seeds", 4, range(num_arms // 4)),
        ]


def _measure(
    folder: Path, axis: str, num_arms: int, seeds: Sequence[int] | None
) -> PlanningFigures:
    path = _write_axis(folder, num_arms)
    store = ArtifactStore(folder / "store")
    clock = _Clock()
    arms = resolve(axes=[str(path)], dataset="demo", seeds=seeds)
    clock.note("resolve")
    request = Request("ablation", axis, [(arm.name, arm.experiment) for arm in arms], {})
    plan = make_plan(request)
    clock.note("plan")
    missing = plan.missing(store.available(plan.stages))
    clock.note("look for artifacts")
    forecast(missing, store, arms[0].runtime, _SLOTS)
    clock.note("forecast")
    return PlanningFigures(axis, len(arms), len(plan.stages), clock.seconds)


class _Clock:
    """Takes the time of one part after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def note(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self._began
        self._began = now


def _write_axis(folder: Path, num_arms: int) -> Path:
    """Write an axis whose arms have compressors of their own, and so trainings of their own."""
    arms = "".join(
        f"  a{size}: {{compressor: {{name: memory-retrieval, num_memory_tokens: {size}}}}}\n"
        for size in range(1, num_arms + 1)
    )
    path = folder / f"axis-{num_arms}.yaml"
    path.write_text(f"question: How many tokens?\nbaseline: a1\narms:\n{arms}", "utf-8")
    return path
