"""The card of one arm and seed, from the manifests of its stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.orchestrate.records import ArmRecord
from audiomotion.orchestrate.results import kind_of
from audiomotion.orchestrate.store import manifest_in
from audiomotion.report.fairness.spending import (
    TRAINED,
    Spending,
    Training,
    spending,
    total,
    training,
)

_FROZEN: Final = ("features", "text_features", "transcribe")
"""Stages that run frozen parts of the system; what judges it is no part of it."""

_NOT_ITS_OWN: Final = "reference"
"""What measures real motion: the table's, and no arm's."""


@dataclass(frozen=True)
class Frozen:
    """A frozen encoder or recognizer."""

    parameters: int | None
    flops: float | None
    """Operations of one instruction, of median length; None where torch computes nothing."""
    seconds_of_audio: float | None
    """Length of that instruction; None of one that is read."""

    @property
    def flops_per_second(self) -> float | None:
        """Operations per second of audio."""
        if self.flops is None or not self.seconds_of_audio:
            return None
        return self.flops / self.seconds_of_audio


@dataclass(frozen=True)
class SeedCard:
    """One arm and seed."""

    arm: str
    seed: int
    is_done: bool
    weights: str
    """Where the frozen encoder's weights come from."""
    trainings: Mapping[str, Training]
    """What was trained, of `masked` and `residual`."""
    published: tuple[str, ...]
    """Those of the two that are published weights, not trained here."""
    frozen: Mapping[str, Frozen]
    """Frozen parts, by the stage that runs them."""
    spent: Mapping[str, Spending]
    """What each of its stages took, by fingerprint."""
    missing: tuple[str, ...]
    """What is not recorded."""

    @property
    def frozen_parameters(self) -> int | None:
        """Parameters of all frozen parts; None where they are not recorded of one."""
        known = [part.parameters for part in self.frozen.values()]
        return sum(one for one in known if one is not None) if known and None not in known else None

    @property
    def trained(self) -> Spending:
        """What its trainings took."""
        return total(training.spending for training in self.trainings.values())

    @property
    def whole(self) -> Spending:
        """What all its stages took."""
        return total(self.spent.values())


def seed_card(arm: ArmRecord, artifacts: Path) -> SeedCard:
    """Return the card of one arm and seed.

    Args:
        arm: Its record.
        artifacts: Folder `artifacts` of the store.
    """
    found = {name: manifest_in(artifacts / kind_of(name) / key) for name, key in _stages(arm)}
    made = {name: manifest for name, manifest in found.items() if manifest is not None}
    return SeedCard(
        arm=arm.arm,
        seed=arm.seed,
        is_done=arm.status == "done",
        weights=arm.weights,
        trainings={
            part: training(made[part]) for part in TRAINED if part in made and is_trained(arm, part)
        },
        published=tuple(part for part in TRAINED if not is_trained(arm, part)),
        frozen={name: _frozen(made[name]) for name in _FROZEN if name in made},
        spent={manifest["fingerprint"]: spending(manifest) for manifest in made.values()},
        missing=tuple(_missing(found)) if arm.status == "done" else (),
    )


def is_trained(arm: ArmRecord, part: str) -> bool:
    """Return whether a part is trained here, not taken from published weights."""
    return bool(arm.experiment[part]["weights"] == "trained")


def _stages(arm: ArmRecord) -> list[tuple[str, str]]:
    return [one for one in arm.fingerprints.items() if one[0] != _NOT_ITS_OWN]


def _frozen(manifest: Mapping[str, Any]) -> Frozen:
    facts = manifest.get("facts", {}).get("encoder", {})
    return Frozen(facts.get("parameters"), facts.get("flops"), facts.get("seconds_of_audio"))


def _missing(found: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Name the stages whose record is gone, or of a version that recorded less."""
    return [
        name
        for name, manifest in found.items()
        if manifest is None or ("facts" not in manifest and "checkpoint" not in name)
    ]
