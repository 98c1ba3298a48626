"""Where the figures of a launch stand in the store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.report.statistics import Figure
from audiomotion.stages.results import RESULT


def artifact_of(arm: ArmRecord) -> str:
    """Return what holds an arm's figures: `evaluation/FINGERPRINT`, of other systems `outside/…`.

    It is their path below the store's artifacts.
    """
    stage = "outside" if "outside" in arm.fingerprints else "evaluation"
    return f"{stage}/{arm.fingerprints[stage]}"


def result_of(arm: ArmRecord, artifacts: Path) -> dict[str, Any]:
    """Return what the evaluation of an arm, or of another system's motions, left."""
    content: dict[str, Any] = read_json(artifacts / artifact_of(arm) / RESULT)
    return content


def repeats_of(result: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return each metric's value in every repeat."""
    repeats = result["repeats"]
    return {key: [one["metrics"][key] for one in repeats] for key in repeats[0]["metrics"]}


def figures_of(result: Mapping[str, Any]) -> dict[str, Figure]:
    """Return an evaluation's figures, with intervals over its repeats; one repeat has none."""
    figures = {key: Figure(**summary) for key, summary in result["summaries"].items()}
    if result["num_repeats"] > 1:
        return figures
    return {key: Figure(figure.mean) for key, figure in figures.items()}


def reference_path(fingerprint: str, artifacts: Path) -> Path:
    """Return where the figures of real and reconstructed motion stand."""
    return artifacts / "reference" / fingerprint / RESULT
