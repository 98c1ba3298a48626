"""Where the figures of a launch stand in the store."""

from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.stages.results import RESULT


def result_of(arm: ArmRecord, artifacts: Path) -> dict[str, Any]:
    """Return what the evaluation of an arm left."""
    path = artifacts / "evaluation" / arm.fingerprints["evaluation"] / RESULT
    content: dict[str, Any] = read_json(path)
    return content


def reference_path(fingerprint: str, artifacts: Path) -> Path:
    """Return where the figures of real and reconstructed motion stand."""
    return artifacts / "reference" / fingerprint / RESULT
