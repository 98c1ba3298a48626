"""How long a stage will take, from what stages like it took."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from audiomotion.orchestrate.pace import UNITS, Timed, Unit, Work, work_of
from audiomotion.stages.base import AnyStage

Basis = Literal["recorded", "probed", "rough", "unknown"]


@dataclass(frozen=True)
class Estimate:
    """What is expected of one stage."""

    seconds: float | None
    """None where nothing is known."""

    basis: Basis
    """`recorded`: the same steps were made before; `probed`: a few were made to see how long they
    take; `rough`: steps of another configuration, or other data, were."""


UNKNOWN = Estimate(None, "unknown")


class _Group:
    """Work of one kind, or of one pace."""

    def __init__(self) -> None:
        self._members: list[Timed] = []
        self._medians: dict[tuple[Unit, int], float | None] = {}

    def add(self, timed: Timed) -> None:
        self._members.append(timed)

    def seconds_a(self, unit: Unit, threads: int) -> float | None:
        """Return the median; of work on as many threads where there is such."""
        key = unit, threads
        if key not in self._medians:
            same = [timed for timed in self._members if timed.threads == threads]
            rates = [timed.seconds_a(unit) for timed in same or self._members]
            known = [rate for rate in rates if rate is not None]
            self._medians[key] = median(known) if known else None
        return self._medians[key]


class Estimator:
    """Knows what took how long on one kind of device.

    The nearest wins: the same steps on the same data, the same steps, a step of the same kind. What
    was measured on another kind of device counts for nothing.
    """

    def __init__(self, times: Iterable[Timed], device: str, threads: Callable[[str], int]) -> None:
        self._threads = threads
        self._groups: dict[tuple[str, ...], _Group] = defaultdict(_Group)
        self._epochs: dict[str, list[float]] = defaultdict(list)
        for timed in times:
            self._note_epoch(timed.work)
            if timed.device == device:
                for key in _keys(timed.work, probed=timed.probed):
                    self._groups[key].add(timed)

    def _note_epoch(self, work: Work) -> None:
        if work.epoch and "steps" in work.amounts and "epochs" in work.amounts:
            self._epochs[work.epoch].append(work.amounts["steps"] / work.amounts["epochs"])

    def estimate(self, stage: AnyStage) -> Estimate:
        """Return what is expected of a stage."""
        work = self._with_steps(work_of(stage.identity()))
        threads = self._threads(stage.name)
        exact, alike, kind = _keys(work, probed=False)
        probed = _keys(work, probed=True)[1]
        attempts: Sequence[tuple[tuple[str, ...], Sequence[Unit], Basis]] = (
            (exact, UNITS, "recorded"),
            (alike, ("steps",), "recorded"),
            (probed, ("steps",), "probed"),
            (alike, UNITS, "rough"),
            (kind, UNITS, "rough"),
        )
        for key, units, basis in attempts:
            if key in self._groups:
                seconds = _seconds(work, self._groups[key], units, threads)
                if seconds is not None:
                    return Estimate(seconds, basis)
        return UNKNOWN

    def _with_steps(self, work: Work) -> Work:
        """Return the work with the number of steps that its epochs have, where that is known."""
        if "steps" in work.amounts or work.epoch not in self._epochs:
            return work
        steps = work.amounts["epochs"] * median(self._epochs[work.epoch])
        return replace(work, amounts={**work.amounts, "steps": steps})


def _keys(work: Work, *, probed: bool) -> tuple[tuple[str, ...], ...]:
    """Return what a measurement is filed under, the nearest first; a probe never as the same."""
    source = "probed" if probed else "recorded"
    return (
        (source, work.stage, work.pace, work.data),
        (source, work.stage, work.pace),
        (source, work.stage),
    )


def _seconds(work: Work, group: _Group, units: Sequence[Unit], threads: int) -> float | None:
    for unit in units:
        amount, rate = work.amounts.get(unit), group.seconds_a(unit, threads)
        if amount is not None and rate is not None:
            return amount * rate
    return None
