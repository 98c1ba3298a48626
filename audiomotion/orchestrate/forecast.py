"""What a plan will cost: hours of cores and GPUs, the longest chain, and the time until it ends."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.estimates import Basis, Estimate, Estimator
from audiomotion.orchestrate.pace import Timed, recorded_times
from audiomotion.orchestrate.plan import Fingerprint, Plan, chain_lengths
from audiomotion.orchestrate.slots import Slots
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage

_HOUR = 3600.0


@dataclass(frozen=True)
class Forecast:
    """What the missing stages of a plan will cost; those of unknown time count as nothing."""

    estimates: Mapping[Fingerprint, Estimate]
    wall_seconds: float
    """Until the last stage ends, where the longest chain goes first."""
    cpu_hours: float
    gpu_hours: float
    chain: Sequence[AnyStage]
    """The stages that follow one another for the longest time."""
    chain_seconds: float
    slots: Slots

    @property
    def seconds(self) -> Mapping[Fingerprint, float]:
        """Expected time of each stage; those of unknown time are not in it."""
        return _known(self.estimates)

    def kinds_of(self, basis: Basis, plan: Plan) -> list[str]:
        """Return the kinds of stage whose time rests on `basis`."""
        keys = (key for key, estimate in self.estimates.items() if estimate.basis == basis)
        return list(dict.fromkeys(plan.stages[key].name for key in keys))


def forecast(
    missing: Sequence[AnyStage],
    store: ArtifactStore,
    runtime: Runtime,
    slots: Slots,
    probed: Iterable[Timed] = (),
) -> Forecast:
    """Return what `missing` will cost, by what the store's artifacts took and by probes."""
    runtime = runtime.settled(has_gpu=slots.gpus > 0)
    estimator = Estimator(
        [*(recorded_times(store) if missing else ()), *probed],
        runtime.device,
        lambda name: runtime.resources(name).all_threads,
    )
    estimates = {stage.fingerprint: estimator.estimate(stage) for stage in missing}
    seconds = _known(estimates)
    spent = [
        (runtime.resources(stage.name), seconds.get(stage.fingerprint, 0.0)) for stage in missing
    ]
    chain = _longest_chain(missing, seconds)
    return Forecast(
        estimates=estimates,
        wall_seconds=_Simulation(missing, seconds, runtime, slots).run(),
        cpu_hours=sum(asked.all_cpus * time for asked, time in spent) / _HOUR,
        gpu_hours=sum(asked.all_gpus * time for asked, time in spent) / _HOUR,
        chain=chain,
        chain_seconds=sum(seconds.get(stage.fingerprint, 0.0) for stage in chain),
        slots=slots,
    )


def _known(estimates: Mapping[Fingerprint, Estimate]) -> dict[Fingerprint, float]:
    return {key: one.seconds for key, one in estimates.items() if one.seconds is not None}


def _longest_chain(
    missing: Sequence[AnyStage], seconds: Mapping[Fingerprint, float]
) -> list[AnyStage]:
    """Return the stages of the longest chain, the first to run first."""
    until: dict[Fingerprint, tuple[float, list[AnyStage]]] = {}
    nothing: tuple[float, list[AnyStage]] = (0.0, [])
    for stage in missing:  # inputs come first
        before = (until.get(needed.fingerprint, nothing) for needed in stage.inputs.values())
        length, chain = max(before, key=lambda found: (found[0], len(found[1])), default=nothing)
        own = seconds.get(stage.fingerprint, 0.0)
        until[stage.fingerprint] = length + own, [*chain, stage]
    return max(until.values(), key=lambda found: (found[0], len(found[1])), default=nothing)[1]


class _Simulation:
    """Runs stages as the executors do, without running them: the longest chain first."""

    def __init__(
        self,
        missing: Sequence[AnyStage],
        seconds: Mapping[Fingerprint, float],
        runtime: Runtime,
        slots: Slots,
    ) -> None:
        self._stages = {stage.fingerprint: stage for stage in missing}
        self._seconds = seconds
        self._chains = chain_lengths(missing, {key: seconds.get(key, 0.0) for key in self._stages})
        limits = [limit for limit in (slots.most_stages, runtime.max_parallel_stages) if limit]
        self._free = [slots.cpus, slots.gpus, float(min(limits, default=len(self._stages) or 1))]
        self._asked = {name: _asked(runtime, name, slots) for name in {s.name for s in missing}}
        self._users: dict[Fingerprint, list[Fingerprint]] = defaultdict(list)
        self._waits_for: dict[Fingerprint, int] = {}
        # Stages that ask for the same are tried in turn until one does not fit.
        self._ready: dict[tuple[float, ...], list[tuple[float, Fingerprint]]] = defaultdict(list)
        self._running: list[tuple[float, Fingerprint]] = []

    def run(self) -> float:
        """Return the time at which the last stage ends."""
        for stage in self._stages.values():
            inputs = {needed.fingerprint for needed in stage.inputs.values()} & self._stages.keys()
            self._waits_for[stage.fingerprint] = len(inputs)
            for key in inputs:
                self._users[key].append(stage.fingerprint)
            if not inputs:
                self._make_ready(stage.fingerprint)
        now = 0.0
        self._start(now)
        while self._running:
            now, ended = heapq.heappop(self._running)
            self._end(ended)
            self._start(now)
        return now

    def _make_ready(self, key: Fingerprint) -> None:
        asked = self._asked[self._stages[key].name]
        heapq.heappush(self._ready[asked], (-self._chains[key], key))

    def _start(self, now: float) -> None:
        while fitting := [
            asked for asked, queue in self._ready.items() if queue and self._fits(asked)
        ]:
            asked = min(fitting, key=lambda one: self._ready[one][0])
            _, key = heapq.heappop(self._ready[asked])
            self._take(asked, -1)
            heapq.heappush(self._running, (now + self._seconds.get(key, 0.0), key))

    def _end(self, key: Fingerprint) -> None:
        self._take(self._asked[self._stages[key].name], 1)
        for user in self._users[key]:
            self._waits_for[user] -= 1
            if not self._waits_for[user]:
                self._make_ready(user)

    def _fits(self, asked: tuple[float, ...]) -> bool:
        return all(want <= free + 1e-9 for want, free in zip(asked, self._free, strict=True))

    def _take(self, asked: tuple[float, ...], sign: int) -> None:
        self._free = [free + sign * want for want, free in zip(asked, self._free, strict=True)]


def _asked(runtime: Runtime, stage: str, slots: Slots) -> tuple[float, ...]:
    """Return cores, GPUs and places that a stage takes; more than there is can never be had."""
    resources = runtime.resources(stage)
    return min(resources.all_cpus, slots.cpus), min(resources.all_gpus, slots.gpus), 1.0
