"""Where the arms of a launch were not given alike, in sentences."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.fairness.amounts import amount
from audiomotion.report.fairness.concerns import Concern, Question, question
from audiomotion.report.fairness.seed_card import SeedCard, is_trained
from audiomotion.report.fairness.spending import TRAINED, Training

_LARGEST_RATIO: Final = 2.0
"""Of the parameters of two arms' learned compressors (decisions.md)."""

_ALIKE: Final = 1.1
"""Ratio up to which the rest of two transformers counts as equal: their widths follow inputs."""

ArmSeeds = Sequence[tuple[str, Sequence[SeedCard]]]
"""Each arm with its seeds."""


@dataclass(frozen=True)
class Finding:
    """One difference between arms."""

    sentence: str
    is_inherent: bool
    """Whether it is what the axis asks about; else the comparison is less than fair."""


@dataclass(frozen=True)
class _Compared:
    record: RunRecord
    arms: ArmSeeds
    asked: Question

    def sizes(self, part: str, of: Callable[[Training], int | None]) -> dict[str, int]:
        """Return a number of each arm's training of a part, where it is recorded."""
        found = (
            (arm, of(one.trainings[part]))
            for arm, seeds in self.arms
            for one in seeds
            if part in one.trainings
        )
        return {arm: number for arm, number in found if number is not None}

    def finding(self, sentence: str, *concerns: Concern) -> Finding:
        """Return a difference that belongs to the question if this asks about one of `concerns`."""
        is_inherent = self.asked.asks(*concerns)
        return Finding(sentence + (", as the axis asks." if is_inherent else "."), is_inherent)


def findings(record: RunRecord, arms: ArmSeeds) -> list[Finding]:
    """Return every difference in what arms were given; nothing that is not recorded counts."""
    compared = _Compared(record, arms, question(record))
    checks: tuple[Callable[[_Compared], Iterator[Finding]], ...] = (
        _compressors, _transformers, _amounts, _checkpoints, _origins, _encoder_weights,
        _frozen_parameters, _evaluators, _failures,
    )  # fmt: skip
    return [found for check in checks for found in check(compared)]


def _compressors(compared: _Compared) -> Iterator[Finding]:
    """Learned compressors of very different size: the larger may win by its size alone."""
    sizes = {part: compared.sizes(part, lambda one: one.compressor_parameters) for part in TRAINED}
    learned = {
        part: {arm: size for arm, size in own.items() if size} for part, own in sizes.items()
    }
    for parts, own in _alike(learned):
        if _ratio(own) > _LARGEST_RATIO:
            said = (
                f"The compressors of {parts} differ in parameters by a factor of "
                f"{_ratio(own):.1f}, above {_LARGEST_RATIO:g}: {_listed(own)}"
            )
            yield _about_compressors(compared, said)
    bare = dict.fromkeys(arm for own in sizes.values() for arm, size in own.items() if size == 0)
    if bare and any(learned.values()):
        said = f"No compressor in {', '.join(bare)}: the encoder's vector is the condition"
        yield compared.finding(said, "encoder")


def _about_compressors(compared: _Compared, said: str) -> Finding:
    """Size is no part of the question which kind is best, but may be the question, or follow."""
    names = {arm.experiment["compressor"]["name"] for arm in compared.record.arms}
    if len(names) > 1:
        return Finding(said + ".", is_inherent=False)
    if not compared.asked.asks("compressor") and compared.asked.asks("encoder"):
        return Finding(f"{said}; it follows from the width of the features.", is_inherent=True)
    return compared.finding(said, "compressor")


def _transformers(compared: _Compared) -> Iterator[Finding]:
    for part in TRAINED:
        sizes = compared.sizes(part, lambda one: one.transformer_parameters)
        if _ratio(sizes) > _ALIKE:
            said = f"{part} without its compressor differs in parameters: {_listed(sizes)}"
            yield compared.finding(said, "transformers", "tokens")


def _amounts(compared: _Compared) -> Iterator[Finding]:
    """Steps, batches, samples and data of the trainings."""
    named: tuple[tuple[str, str, tuple[Concern, ...]], ...] = (
        ("steps", "Optimizer steps", ("training",)),
        ("batch_size", "Batch sizes", ("training",)),
        ("samples", "Samples seen", ("training",)),
        ("num_examples", "Training clips", ("data",)),
        ("num_instructions", "Instructions of the training clips", ("data",)),
    )
    for name, label, concerns in named:
        values = {part: compared.sizes(part, attrgetter(name)) for part in TRAINED}
        for parts, own in _alike(values):
            if len(set(own.values())) > 1:
                said = f"{label} of {parts} differ: {_listed(own, exact=True)}"
                yield compared.finding(said, *concerns)


def _checkpoints(compared: _Compared) -> Iterator[Finding]:
    for part in ("rvq", *TRAINED):
        kept = {
            arm.arm: arm.experiment[part]["training"]["keep"]
            for arm in compared.record.arms
            if is_trained(arm, part)
        }
        if len(set(kept.values())) > 1:
            said = f"Another rule chooses the checkpoint of {part}: {_grouped(kept)}"
            yield compared.finding(said, "tokens" if part == "rvq" else "training")


def _origins(compared: _Compared) -> Iterator[Finding]:
    """Parts that are trained in one arm and published in another."""
    for part in ("rvq", *TRAINED):
        origins = {
            arm.arm: "trained here" if is_trained(arm, part) else "published weights"
            for arm in compared.record.arms
        }
        if len(set(origins.values())) > 1:
            said = f"Not every arm trains {part} here: {_grouped(origins)}"
            yield Finding(said + ".", is_inherent=False)


def _encoder_weights(compared: _Compared) -> Iterator[Finding]:
    """A random encoder beside a pre-trained one; an encoder without weights is neither."""
    kinds = {arm.arm: _kind_of_weights(arm) for arm in compared.record.arms}
    if {"random", "pre-trained"} <= set(kinds.values()):
        asked = {key.rpartition(".")[2] for key in compared.asked.keys}
        is_inherent = asked <= {"weights", "random_size", "random_seed", "revision", "content"}
        said = f"Encoder weights are pre-trained in some arms, random in others: {_grouped(kinds)}"
        yield Finding(said + (", as the axis asks." if is_inherent else "."), is_inherent)


def _kind_of_weights(arm: ArmRecord) -> str:
    parts = arm.weights.split(" + ")
    if any(part.startswith("random") for part in parts):
        return "random"
    return "without weights" if parts == ["none"] else "pre-trained"


def _frozen_parameters(compared: _Compared) -> Iterator[Finding]:
    known = {
        arm: one.frozen_parameters
        for arm, seeds in compared.arms
        for one in seeds
        if one.frozen_parameters is not None
    }
    if len(set(known.values())) > 1:
        yield compared.finding(f"Frozen parameters differ: {_listed(known)}", "encoder")


def _evaluators(compared: _Compared) -> Iterator[Finding]:
    keys = {arm.arm: arm.fingerprints.get("evaluator", "") for arm in compared.record.arms}
    if len(set(keys.values())) > 1:
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys.values()), 1)}
        named = {arm: f"evaluator {numbers[key]}" for arm, key in keys.items()}
        said = "Different evaluators measure the arms, so their figures do not compare"
        yield Finding(f"{said}: {_grouped(named)}.", is_inherent=False)


def _failures(compared: _Compared) -> Iterator[Finding]:
    """Seeds without a result: what is left of an arm may be its lucky ones."""
    failed = {
        arm: f"{sum(not one.is_done for one in seeds)} of {len(seeds)}"
        for arm, seeds in compared.arms
        if not all(one.is_done for one in seeds)
    }
    if failed:
        listed = ", ".join(f"{arm} {counted}" for arm, counted in failed.items())
        yield Finding(f"Seeds without a result: {listed}.", is_inherent=False)


def _alike(sizes: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield what parts have in common, so that it is said once."""
    parts: dict[str, list[str]] = defaultdict(list)
    for part, own in sizes.items():
        parts[str(sorted(own.items()))].append(part)
    for names in parts.values():
        yield " and ".join(names), sizes[names[0]]


def _ratio(sizes: Mapping[str, int]) -> float:
    return max(sizes.values()) / max(1, min(sizes.values())) if sizes else 1.0


def _listed(values: Mapping[str, int], *, exact: bool = False) -> str:
    """Return each arm's number, equal ones together."""
    said = {arm: f"{value:,}" if exact else amount(value) for arm, value in values.items()}
    return _grouped(said)


def _grouped(values: Mapping[str, str]) -> str:
    arms: dict[str, list[str]] = defaultdict(list)
    for arm, value in values.items():
        arms[value].append(arm)
    return "; ".join(f"{value} ({', '.join(names)})" for value, names in arms.items())
