"""The fairness card of a launch: what each arm is made of, and what it was given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.fairness.checks import findings
from audiomotion.report.fairness.seed_card import SeedCard, seed_card
from audiomotion.report.fairness.spending import Spending, Training, total


@dataclass(frozen=True)
class ArmCard:
    """One arm, all its seeds together."""

    arm: str
    seeds: Sequence[SeedCard]
    shared: Mapping[str, Sequence[str]]
    """Kinds of its stages that other arms use too, with those arms."""

    @property
    def num_failed(self) -> int:
        """Seeds without a result."""
        return sum(not one.is_done for one in self.seeds)

    def training(self, part: str) -> Training | None:
        """Return the training of `masked` or `residual`, whose sizes all seeds share."""
        found = (one.trainings.get(part) for one in self.seeds)
        return next((training for training in found if training is not None), None)

    @property
    def frozen_parameters(self) -> int | None:
        """Parameters of the frozen parts; None where they are not recorded."""
        known = (one.frozen_parameters for one in self.seeds)
        return next((number for number in known if number is not None), None)

    @cached_property
    def trained(self) -> Spending:
        """What its trainings took, all seeds together."""
        return total(training.spending for one in self.seeds for training in one.trainings.values())

    @cached_property
    def whole(self) -> Spending:
        """What all its stages took, each once, whoever shares it."""
        spent = {key: one for seed in self.seeds for key, one in seed.spent.items()}
        return total(spent.values())


@dataclass(frozen=True)
class FairnessCard:
    """What the arms of a launch were given, and where that was not alike."""

    title: str
    dataset: str
    arms: Sequence[ArmCard]
    warnings: Sequence[str]
    """A sentence on everything by which the comparison is less than fair."""
    inherent: Sequence[str]
    """A sentence on every difference that is what the axis asks about."""
    remarks: Sequence[str]
    """What is shared, and what is not recorded."""


def fairness_card(record: RunRecord, artifacts: Path) -> FairnessCard:
    """Return the card of a launch.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store; behind a URL `fetch_manifests` comes first.
    """
    arms: dict[str, list[ArmRecord]] = defaultdict(list)
    for arm in record.arms:
        arms[arm.arm].append(arm)
    users = _users(record)
    cards = [
        ArmCard(name, [seed_card(arm, artifacts) for arm in seeds], _shared(seeds, users))
        for name, seeds in arms.items()
    ]
    found = findings(record, [(card.arm, card.seeds) for card in cards])
    return FairnessCard(
        title=record.title,
        dataset=record.dataset,
        arms=cards,
        warnings=[one.sentence for one in found if not one.is_inherent],
        inherent=[one.sentence for one in found if one.is_inherent],
        remarks=[*_shared_remarks(cards), *_missing_remarks(cards)],
    )


def _users(record: RunRecord) -> Mapping[str, dict[str, None]]:
    """Return the arms that use each artifact."""
    users: dict[str, dict[str, None]] = defaultdict(dict)
    for arm in record.arms:
        for key in arm.fingerprints.values():
            users[key][arm.arm] = None
    return users


def _shared(
    seeds: Sequence[ArmRecord], users: Mapping[str, Mapping[str, None]]
) -> dict[str, list[str]]:
    return {
        name: others
        for name, key in seeds[0].fingerprints.items()
        if name != "reference" and (others := [arm for arm in users[key] if arm != seeds[0].arm])
    }


def _shared_remarks(cards: Sequence[ArmCard]) -> list[str]:
    """Say which parts arms share: what these took is counted for each of them."""
    stages: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for card in cards:
        for name, others in card.shared.items():
            group = {card.arm, *others}
            stages[tuple(one.arm for one in cards if one.arm in group)][name] = None
    said = [
        f"{', '.join(names)} ({'all arms' if len(arms) == len(cards) else ', '.join(arms)})"
        for arms, names in stages.items()
    ]
    if not said:
        return []
    return [f"Made once, shared, and counted for each arm that uses it: {'; '.join(said)}."]


def _missing_remarks(cards: Sequence[ArmCard]) -> list[str]:
    """Say what is not recorded of which arms: their artifacts are gone, or of an older version."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for card in cards:
        if names := sorted({name for one in card.seeds for name in one.missing}):
            groups[tuple(names)].append(card.arm)
    return [
        f"Not recorded of {', '.join(arms)}: {', '.join(names)} "
        "(gone, or made by a version that recorded less)."
        for names, arms in groups.items()
    ]
