"""What the figures of a table are and are not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.guidance import guidance_notes
from audiomotion.report.measured import reference_path, result_of
from audiomotion.report.published import PublishedFigures
from audiomotion.report.published_notes import other_data, published_notes


def notes(record: RunRecord, artifacts: Path, published: Sequence[PublishedFigures]) -> list[str]:
    """Return a sentence on everything that a reader must know to read the figures right."""
    done = [arm for arm in record.arms if arm.status == "done"]
    notes = []
    if done:
        notes.append(interval_note(record, result_of(done[0], artifacts)))
        notes += unknown_words_notes(done, artifacts)
    random = [
        f"{arm.arm}: {arm.weights}"
        for arm in record.arms
        if any(part.startswith("random") for part in arm.weights.split(" + "))
    ]
    if random:
        notes.append(
            "Encoder weights are not pre-trained (" + ", ".join(dict.fromkeys(random)) + "): "
            "the order of these arms says nothing about the published encoders."
        )
    notes += [_data_note(record, published), *_official_notes(record)]
    evaluations = ((arm.arm, arm.fingerprints["evaluation"]) for arm in record.arms)
    notes += [*_design_notes(record), *guidance_notes(record)]
    notes += [*same_system_notes(evaluations), *published_notes(published)]
    if any(not reference_path(key, artifacts).exists() for key in record.references):
        notes.append("Real motion and its reconstruction have not been measured: no ceiling here.")
    return notes


def interval_note(record: RunRecord, result: Mapping[str, Any]) -> str:
    """Say what the intervals are over, and what was counted."""
    seeds = len({arm.seed for arm in record.arms})
    if seeds > 1:
        over = (
            f"±: 95 %, Student's t over {seeds} training seeds (fewer where some failed); of real "
            "motion, its reconstruction and other systems over repeats"
        )
    elif result["num_repeats"] > 1:
        over = f"±: 95 %, 1.96·std/√{result['num_repeats']} over repeats of one trained model"
    else:
        over = "no interval: one repeat of one trained model"
    fewer = " (the published protocol has 20)" if result["num_repeats"] != 20 else ""
    if result.get("sampling") == "published":
        dropped = "clips in no batch and so in no metric"
        sampled = "sampling: published (shuffled batches of random crops); "
    else:
        dropped, sampled = "clips in no pool", ""
    return (
        f"{over}; repeats: {result['num_repeats']}{fewer}; {sampled}clips: {result['num_clips']}; "
        f"pools for R-precision: {result['num_pools']} or more a repeat, "
        f"{dropped}: {result['num_dropped']} or fewer."
    )


def _data_note(record: RunRecord, published: Sequence[PublishedFigures]) -> str:
    words = [f"Data set: {record.dataset}{other_data(record, published)}"]
    splits = {str(arm.experiment["evaluation"]["split"]) for arm in record.arms} - {"test"}
    words += [f"measured on the split {split}, not on test" for split in sorted(splits)]
    words += [evaluator_note(record), _checkpoint_note(record)]
    return "; ".join(words) + "."


def _design_notes(record: RunRecord) -> list[str]:
    """Say how the arms of several axes were put together."""
    if record.axis.get("one_at_a_time"):
        return [f"One axis at a time: arms differ in one from {record.axis['baseline']}."]
    axes = [one["name"] for one in record.axis.get("axes", ())]
    return [f"Arms are combinations of {' and '.join(axes)}."] if len(axes) > 1 else []


def same_system_notes(evaluations: Iterable[tuple[str, str]]) -> list[str]:
    """Say which arms are one and the same system: their figures are one measurement.

    Args:
        evaluations: Arm and fingerprint of each evaluation.
    """
    results: dict[str, set[str]] = defaultdict(set)
    for arm, fingerprint in evaluations:
        results[arm].add(fingerprint)
    names: dict[frozenset[str], list[str]] = defaultdict(list)
    for name, found in results.items():
        names[frozenset(found)].append(name)
    return [
        f"One and the same system, measured once: {', '.join(same)}."
        for same in names.values()
        if len(same) > 1
    ]


def evaluator_note(record: RunRecord) -> str:
    """Say in whose space the metrics live."""
    kinds = {
        (arm.experiment["evaluator"]["weights"], arm.experiment["evaluator"]["word_vectors"])
        for arm in record.arms
    }
    said = {
        ("trained", "learned"): "the evaluator and its word vectors were learned on this data set",
        ("trained", "glove"): "the evaluator was learned on this data set, with the published "
        "word vectors",
        ("official", "glove"): "the evaluator is the published one",
    }
    if len(kinds) > 1:
        return "the arms are measured by different evaluators, so their figures do not compare"
    (kind,) = kinds
    within = "" if kind[0] == "official" else ", so figures compare within this table only"
    return said[kind] + within


def _official_notes(record: RunRecord) -> list[str]:
    parts = {
        part
        for arm in record.arms
        for part in ("rvq", "masked", "residual")
        if arm.experiment[part]["weights"] == "official"
    }
    return [f"Published weights, not trained here: {', '.join(sorted(parts))}."] if parts else []


def unknown_words_notes(arms: Sequence[ArmRecord], artifacts: Path) -> list[str]:
    """Say how much of what each arm was asked for its evaluator cannot read."""
    shares = {arm.arm: float(result_of(arm, artifacts)["unknown_words"]) for arm in arms}
    if not any(shares.values()):
        return []
    told = {f"{100 * share:.1f} %" for share in shares.values()}
    if len(told) > 1:
        told = {f"{arm}: {100 * share:.1f} %" for arm, share in shares.items()}
    return [
        f"Words of the instructions that the evaluator does not know: {', '.join(sorted(told))}."
    ]


def _checkpoint_note(record: RunRecord) -> str:
    """Say which checkpoint of each trained part is measured."""
    chosen = {
        part
        for arm in record.arms
        for part in ("rvq", "masked", "residual")
        if arm.experiment[part]["training"]["keep"] == "best-fid"
        and arm.experiment[part]["weights"] == "trained"
    }
    if not chosen:
        return "the last checkpoint is measured"
    return (
        f"of {', '.join(sorted(chosen))} the checkpoint with the lowest FID on the validation "
        "split is measured, of other parts the last"
    )
