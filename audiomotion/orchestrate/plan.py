"""A plan: the stages of all arms and seeds, each needed artifact once."""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from audiomotion.stages.base import AnyStage

Fingerprint = str


@dataclass(frozen=True)
class Target:
    """What an arm wants."""

    arm: str
    seed: int
    stage: AnyStage
    """Its result."""

    companions: tuple[AnyStage, ...] = ()
    """What it leaves besides, without which it is not done."""

    reference: AnyStage | None = None
    """Its ceiling; not needed for the arm to be done, and so an extra of the plan."""

    @property
    def roots(self) -> tuple[AnyStage, ...]:
        """All that is wanted; everything else is an input of these."""
        return (self.stage, *self.companions)

    def upstream(self) -> Iterator[AnyStage]:
        """Yield every stage it needs; a shared one may come more than once."""
        for root in self.roots:
            yield from root.upstream()

    @property
    def label(self) -> str:
        """Name of the arm and seed in progress lines and records."""
        return f"{self.arm}/seed{self.seed}"


class Plan:
    """All stages that a set of targets needs, each fingerprint once."""

    def __init__(self, targets: Iterable[Target], extra: Iterable[AnyStage] = ()) -> None:
        self.targets = list(targets)
        self.extra = list(extra)
        self.stages: dict[Fingerprint, AnyStage] = {}
        for root in self._roots():
            self._add(root)

    def _roots(self) -> Iterator[AnyStage]:
        for target in self.targets:
            yield from target.roots
        yield from self.extra

    def _add(self, stage: AnyStage) -> None:
        if stage.fingerprint in self.stages:
            return
        for needed in stage.inputs.values():
            self._add(needed)
        self.stages[stage.fingerprint] = stage

    @cached_property
    def digest(self) -> str:
        """Hash of what is asked for: the same request has the same digest, in any order."""
        wanted = sorted(
            f"{target.label}={root.fingerprint}" for target in self.targets for root in target.roots
        )
        wanted += sorted(stage.fingerprint for stage in self.extra)
        return hashlib.sha256("\n".join(wanted).encode()).hexdigest()

    @cached_property
    def arms_of(self) -> Mapping[Fingerprint, frozenset[str]]:
        """The arms that need each stage."""
        arms: dict[Fingerprint, set[str]] = {fingerprint: set() for fingerprint in self.stages}
        for target in self.targets:
            for stage in target.upstream():
                arms[stage.fingerprint].add(target.arm)
        return {fingerprint: frozenset(names) for fingerprint, names in arms.items()}

    def with_downstream(self, kinds: Container[str]) -> set[Fingerprint]:
        """Return the stages of some kinds, and every stage of the plan that builds on them."""
        found: set[Fingerprint] = set()
        for key, stage in self.stages.items():  # inputs come first
            inputs = (needed.fingerprint for needed in stage.inputs.values())
            if stage.name in kinds or any(needed in found for needed in inputs):
                found.add(key)
        return found

    def only(self, kinds: Container[str]) -> "Plan":
        """Return the plan that ends in the stages of some kinds, for no arm's sake."""
        return Plan((), [stage for stage in self.stages.values() if stage.name in kinds])

    def missing(self, available: Container[Fingerprint]) -> list[AnyStage]:
        """Return the stages to run, inputs before what needs them.

        A stage whose artifact is gone is only run again if something that is to run needs it.
        """
        wanted: dict[Fingerprint, AnyStage] = {}

        def want(stage: AnyStage) -> None:
            if stage.fingerprint in available or stage.fingerprint in wanted:
                return
            for needed in stage.inputs.values():
                want(needed)
            wanted[stage.fingerprint] = stage

        for root in self._roots():
            want(root)
        return list(wanted.values())


def chain_lengths(
    stages: Iterable[AnyStage], seconds: Mapping[str, float]
) -> dict[Fingerprint, float]:
    """Return, for each stage, the time from its start to the end of the longest chain it begins.

    `seconds` estimates a stage by its fingerprint, or else its name; an unknown one counts as one
    second.
    """
    ordered = list(stages)
    lengths: dict[Fingerprint, float] = {}
    for stage in reversed(ordered):
        own = seconds.get(stage.fingerprint, seconds.get(stage.name, 1.0))
        lengths[stage.fingerprint] = own + lengths.get(stage.fingerprint, 0.0)
        for needed in stage.inputs.values():
            longest = max(lengths.get(needed.fingerprint, 0.0), lengths[stage.fingerprint])
            lengths[needed.fingerprint] = longest
    return lengths
