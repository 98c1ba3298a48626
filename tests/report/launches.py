"""Hand-made launches on disk, with figures that a test can know."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import described
from audiomotion.config.resolve import resolve
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.files import write_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.stages.results import RESULT


def axes(*names: str, one_at_a_time: bool = False) -> dict[str, Any]:
    """Return what a record says of shipped axes."""
    configs = [load_axis(name).config for name in names]
    return described(configs, one_at_a_time=one_at_a_time)


TABLE5 = axes("feature-extractor")
TABLE6 = axes("compressor")
PRETRAINED = "pre-trained"


def experiment(seed: int, recipe: str = "demo") -> dict[str, Any]:
    """Return the configuration of an arm as a record holds it."""
    return {**_dumped(recipe), "seed": seed}


@cache
def _dumped(recipe: str) -> dict[str, Any]:
    return resolve(recipe)[0].experiment.model_dump(mode="json")


def result(fid: Sequence[float], **metrics: float) -> dict[str, Any]:
    """Return an evaluation of as many repeats as there are values of FID."""
    values = {"top1": 0.5, "top2": 0.6, "top3": 0.7, "mm_distance": 3.0, "diversity": 9.0} | metrics
    repeats = [
        RepeatResult(number, {"fid": value} | values, num_clips=64, num_pools=2, num_dropped=3)
        for number, value in enumerate(fid)
    ]
    return EvaluationResult.of(repeats).to_json()


def done(
    artifacts: Path, arm: str, seed: int, content: dict[str, Any], **changes: Any
) -> ArmRecord:
    """Write the result of an arm and return its record."""
    key = f"{arm}-{seed}"
    folder = artifacts / "evaluation" / key
    folder.mkdir(parents=True)
    write_json(folder / RESULT, content)
    weights = changes.pop("weights", PRETRAINED)
    fingerprints = {"evaluation": key, "masked": f"masked-{key}"}
    return ArmRecord(arm, seed, experiment(seed), fingerprints, weights, "done", **changes)


def failed(arm: str, seed: int, reason: str) -> ArmRecord:
    """Return the record of an arm that has no result."""
    return ArmRecord(
        arm, seed, experiment(seed), {"evaluation": "none"}, PRETRAINED, "failed", reason, 3
    )


def launch(
    artifacts: Path,
    *arms: ArmRecord,
    axis: Mapping[str, Any] = TABLE5,
    dataset: str = "demo",
    ceiling: bool = True,
) -> RunRecord:
    """Return the record of a launch, with its ceiling measured or not."""
    if ceiling:
        folder = artifacts / "reference" / "ceiling"
        folder.mkdir(parents=True, exist_ok=True)
        content = {"real": result([0.25, 0.25]), "reconstruction": result([0.5, 0.5])}
        write_json(folder / RESULT, content)
    status = "done" if all(arm.status == "done" for arm in arms) else "failed"
    return RunRecord(
        id="launch",
        kind="ablation",
        title="feature-extractor",
        dataset=dataset,
        created="2026-01-01T00:00:00Z",
        arms=arms,
        references=("ceiling",),
        axis=dict(axis),
        status=status,
    )
